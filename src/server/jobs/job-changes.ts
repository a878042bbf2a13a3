import type { Job } from '../../generation/job.ts';
import { isFinal } from '../../generation/job.ts';
import type { Records } from '../../records/records.ts';

export interface ChangeOptions {
  readonly signal: AbortSignal;
  /** A turn comes after this long at the latest: notifications are hints and may be lost. */
  readonly pollMs: number;
  /** Whether progress is a change worth a turn. */
  readonly progress: boolean;
}

/** Yields once at the start, then whenever a job may have changed, until the signal aborts. */
export async function* jobChanges(
  records: Records,
  id: string,
  { signal, pollMs, progress }: ChangeOptions,
): AsyncGenerator<void> {
  let changed = true;
  let wake = (): void => {};
  const stop = records.onChange((other, kind) => {
    if (other !== id || (kind === 'progress' && !progress)) return;
    changed = true;
    wake();
  });
  const abort = (): void => wake();
  signal.addEventListener('abort', abort);
  try {
    while (!signal.aborted) {
      if (!changed) await timeout(pollMs, (resolve) => (wake = resolve));
      changed = false;
      if (!signal.aborted) yield;
    }
  } finally {
    stop();
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
