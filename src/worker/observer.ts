import type { SerializedError } from '../errors.ts';
import type { Job, JobResult } from '../generation/job.ts';

/**
 * What became of an attempt. `given_back` may be tried again; `superseded` drew a job that had moved on meanwhile, so that
 * its result was thrown away.
 */
export type AttemptEnd =
  | { readonly outcome: 'succeeded'; readonly result: JobResult }
  | { readonly outcome: 'failed' | 'given_back'; readonly error: SerializedError }
  | { readonly outcome: 'cancelled' | 'superseded' };

/** Is told of each attempt once it has ended and its end is recorded. It must not throw. */
export interface WorkerObserver {
  attemptEnded(job: Job, end: AttemptEnd): void;
}
