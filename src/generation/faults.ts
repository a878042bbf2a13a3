/**
 * What may go wrong with an attempt without the request being at fault:
 * - a strike: the device or extractor process died, ran out of memory or hung while the job was in it. The job may be the
 *   cause: after three it is dead.
 * - a loss: the worker died, or what it needs (the store) is away. The job is hardly the cause: it may have many, but not
 *   without end.
 */
export type FaultKind = 'strike' | 'loss';

/** The number of faults with which a job is dead. */
export const deadAfter: Readonly<Record<FaultKind, number>> = { strike: 3, loss: 50 };

/** Milliseconds before a job with `faults` faults of one kind is started again: 1 s, 4 s, 16 s, then a minute each. */
export function backOff(faults: number): number {
  return Math.min(1000 * 4 ** (faults - 1), 60_000);
}
