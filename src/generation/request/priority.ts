/** Priorities that a request may have: the higher, the sooner. */
export const priorities = { min: 0, max: 9 } as const;

/** Priority of a request that names none. */
export const defaultPriority = 5;

/** Priority of an item of a batch that names none: behind what somebody waits for. */
export const defaultBatchPriority = 3;

/**
 * Seconds of waiting that weigh as much as one step of priority. What has waited for nine times as long is before
 * everything that comes fresh, so that nothing starves.
 */
export const agingSeconds = 10;

/** Priority with the time added that somebody has waited; not bounded above. */
export function effectivePriority(priority: number, waitedSeconds: number): number {
  return priority + Math.max(0, waitedSeconds) / agingSeconds;
}

/** The priority, of those that a request may have, which an effective priority amounts to. */
export function wholePriority(effective: number): number {
  return Math.min(priorities.max, Math.floor(effective));
}
