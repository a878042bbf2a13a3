import type { Job } from '../generation/job.ts';
import { attemptPrefix, checkpointPrefix } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

type Attempted = Pick<Job, 'tenant' | 'id' | 'attempt'>;

/** Removes what an attempt stored that came to nothing. */
export async function dropAttempt(store: ObjectStore, job: Attempted): Promise<void> {
  await remove(store, attemptPrefix(job));
}

/**
 * Removes what a job that this attempt has ended needs no more: its checkpoints, and what earlier attempts left behind whose
 * worker was killed and could not tidy up after itself.
 */
export async function tidyUp(store: ObjectStore, job: Attempted): Promise<void> {
  await remove(store, checkpointPrefix(job));
  for (let attempt = 1; attempt < job.attempt; attempt += 1) await remove(store, attemptPrefix({ ...job, attempt }));
}

/** What stays because the store is away goes with the job. */
async function remove(store: ObjectStore, prefix: string): Promise<void> {
  await store.deleteAll(prefix).catch(() => {});
}
