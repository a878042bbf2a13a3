import { setTimeout as pause } from 'node:timers/promises';
import { ArmatureError } from '../../errors.ts';

/** Milliseconds for which a server may be away before a run gives up; it can be taken up again. */
const longestOutage = 120_000;
const longestPause = 5_000;

/** Codes that pass: the server is away or has too much to do. */
const passing: ReadonlySet<string> = new Set([
  'unavailable',
  'overloaded',
  'queue_full',
  'too_many_queued',
  'rate_limited',
  'idempotency_in_progress',
]);

/**
 * Tries again while the server is away, for up to two minutes at a time, or tells to come later, for as long as it does. `onWait`
 * is told once, when it begins to wait.
 */
export async function patiently<T>(
  signal: AbortSignal,
  onWait: (error: ArmatureError) => void,
  work: () => Promise<T>,
): Promise<T> {
  let awaySince: number | null = null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ArmatureError) || !passing.has(error.code)) throw error;
      // A full queue empties in its own time; a server that is silent may never come back.
      awaySince = error.code === 'unavailable' ? (awaySince ?? performance.now()) : null;
      if (awaySince !== null && performance.now() - awaySince > longestOutage) throw error;
      if (attempt === 1) onWait(error);
      const growing = Math.min(longestPause, 200 * 2 ** Math.min(attempt, 5));
      await pause(Math.max((error.retryAfter ?? 0) * 1000, growing), undefined, { signal });
    }
  }
}
