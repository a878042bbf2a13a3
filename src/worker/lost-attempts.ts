import type { Job } from '../generation/job.ts';
import { attemptPrefix } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

/**
 * Removes what attempts before this one left behind: a worker that was killed could not tidy up after itself. What stays
 * because the store is away goes with the job.
 */
export async function removeLostAttempts(store: ObjectStore, job: Job): Promise<void> {
  for (let attempt = 1; attempt < job.attempt; attempt += 1) {
    await store.deleteAll(attemptPrefix({ ...job, attempt })).catch(() => {});
  }
}
