/**
 * Milliseconds between one attempt and the next, as Standard Webhooks recommends: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
 * 20 h, 24 h. With the first attempt that makes ten, over 75 hours.
 */
export const retryDelays: readonly number[] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map(
  (seconds) => seconds * 1000,
);

/** Longest time that a receiver may have us wait (Retry-After). */
const longestWait = 24 * 3_600_000;

/** Up to a tenth more, so that what failed together does not come back together. */
const jitter = 0.1;

/**
 * When the attempt after the `attempts`-th may be made; null where there is none. `asked` is what the receiver asked to wait in
 * milliseconds, `random` a number from 0 to 1.
 */
export function nextAttempt(attempts: number, asked: number | null, now: Date, random: number): Date | null {
  const delay = retryDelays[attempts - 1];
  if (delay === undefined) return null;
  const wait = Math.max(delay, Math.min(asked ?? 0, longestWait));
  return new Date(now.getTime() + Math.round(wait * (1 + jitter * random)));
}
