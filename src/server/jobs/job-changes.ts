import type { Job } from '../../generation/job.ts';
import { isFinal } from '../../generation/job.ts';
import type { Records } from '../../records/records.ts';

export interface ChangeOptions {
  readonly signal: AbortSignal;
  /** A turn comes after this long at the latest: notifications are hints and may be lost. */
  readonly pollMs: number;
  /** Whether progress is a change worth a turn. */
  readonly progress: boolean;
  /** What else is worth a turn: calls back whenever there is something; gives how to stop that. */
  readonly also?: ((wake: () => void) => () => void) | undefined;
}

/** Yields `job` once at the start, then whenever a job may have changed, and `else` where only something else happened, until the signal aborts. */
export async function* jobChanges(
  records: Records,
  id: string,
  { signal, pollMs, progress, also }: ChangeOptions,
): AsyncGenerator<'job' | 'else'> {
  let changed = true;
  let wake = (): void => {};
  const stop = records.onChange((other, kind) => {
    if (other !== id || (kind === 'progress' && !progress)) return;
    changed = true;
    wake();
  });
  let other = false;
  const stopAlso = also?.(() => {
    other = true;
    wake();
  });
  const abort = (): void => wake();
  signal.addEventListener('abort', abort);
  try {
    while (!signal.aborted) {
      if (!changed && !other) await timeout(pollMs, (resolve) => (wake = resolve));
      const turn = other && !changed ? 'else' : 'job';
      if (turn === 'job') changed = false;
      other = false;
      if (!signal.aborted) yield turn;
    }
  } finally {
    stop();
    stopAlso?.();
    signal.removeEventListener('abort', abort);
  }
}

/** The job once it has ended, or as it is when the signal aborts; null where it was deleted meanwhile. */
export async function waitForEnd(records: Records, job: Job, options: ChangeOptions): Promise<Job | null> {
  let current: Job | null = job;
  for await (const _ of jobChanges(records, job.id, options)) {
    current = await records.findJob(job.tenant, job.id);
    if (current === null || isFinal(current.status)) return current;
  }
  return current;
}

async function timeout(ms: number, arm: (resolve: () => void) => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    arm(resolve);
  });
  clearTimeout(timer);
}
