import type { Job, JobResult } from '../generation/job.ts';
import { kindOf } from '../generation/kinds/kinds.ts';
import type { Attempt, JobDone } from '../drawing/runner.ts';
import { Checkpoints } from './checkpoints.ts';
import { JobPreviews } from './job-previews.ts';
import { guardedDevice } from './guarded-device.ts';
import type { RunningParts } from './parts.ts';

/** What a job ends with, and the model that it made, where it made one. */
export type JobMade = JobResult & Pick<JobDone, 'model'>;

/** One attempt at a job, by the runner of its kind. Nothing is visible to users before its result is committed. */
export async function runJob(
  parts: RunningParts,
  job: Job,
  signal: AbortSignal,
  { pause, finish }: Pick<Attempt, 'pause' | 'finish'>,
): Promise<JobMade> {
  const { extractor, decoder, store, tracing } = parts;
  const { id } = kindOf(job.plan);
  const runner = parts.runners[id];
  if (runner === undefined) throw new Error(`There is no runner for jobs of the kind ${id}.`);
  const progress = parts.progress.start(job);
  const attempt = {
    job,
    library: parts.library.of(job.tenant),
    device: guardedDevice(parts, job),
    extractor,
    decoder,
    store,
    checkpoints: new Checkpoints(parts, job),
    progress,
    previews: new JobPreviews(parts.records.previews, job),
    tracing,
    pause,
    finish,
  };
  const done = await runner.run(attempt, job.plan, signal).finally(() => progress.stop());
  const wait = (job.startedAt ?? job.createdAt).getTime() - job.createdAt.getTime();
  return { ...done, timings: { wait, ...done.timings } };
}
