import type { JobCheckpoint, JobResult, Progress } from './job.ts';
import { storedForm } from './stored-json.ts';

// How what becomes of a job is kept as JSON; stored-plan.ts has its plan. Whoever changes the shape of one raises its version,
// and says how an older one is read.

export const storedResult = storedForm<'result', JobResult>('result', { version: 1 });

export const storedCheckpoint = storedForm<'checkpoint', JobCheckpoint>('checkpoint', { version: 1 });

/** Version 0 says nothing of the share: then all steps of a job cost the same. */
export const storedProgress = storedForm<'progress', Progress>('progress', {
  version: 1,
  upgrade: (progress, version) => (version === 0 ? { ...progress, share: progress.step / progress.steps } : progress),
});
