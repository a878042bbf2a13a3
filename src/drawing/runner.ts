import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { Job, JobResult, JobTimings, Progress } from '../generation/job.ts';
import type { MadeModel } from '../generation/made-model.ts';
import type { Plan } from '../generation/plan.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import type { TenantModels } from '../models/library.ts';
import type { ObjectStore } from '../store/store.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { CheckpointPort } from './checkpoint-port.ts';
import type { PreviewPort } from './preview-port.ts';
import type { DrawingDevice } from './draw-passes.ts';
import type { UpscalingDevice } from './upscale.ts';

/**
 * Does what jobs of one kind ask for: the other half of its contract (`JobKind` in src/generation/job-kind.ts), which a worker
 * calls for each attempt. It stores what it makes under keys of the attempt; nobody sees it before the result is committed.
 */
export interface Runner<P extends Plan> {
  // A method: a runner of one plan stands where one of any plan is wanted, and is given its own only.
  /** Rejects with the reason of `signal` where that aborts. What fails is judged by its error's code (src/worker/verdict.ts). */
  run(attempt: Attempt, plan: P, signal: AbortSignal): Promise<JobDone>;
}

/** One attempt at a job, and all that it may use. */
export interface Attempt {
  readonly job: Pick<Job, 'id' | 'tenant' | 'attempt'>;
  /** Those that the job's tenant sees. */
  readonly library: TenantModels;
  readonly device: DrawingDevice & UpscalingDevice;
  readonly extractor: ExtractorProcess;
  readonly decoder: PictureDecoder;
  readonly store: ObjectStore;
  readonly checkpoints: CheckpointPort;
  readonly progress: ProgressPort;
  readonly previews: PreviewPort;
  readonly tracing: Tracing;
  /** Aborts when the job is to be paused, and the signal of the run with it: what it keeps then is what it goes on from, whenever that is. */
  readonly pause: AbortSignal;
  /** Aborts when it is to end with what it has. Who cannot does not look at it. */
  readonly finish: AbortSignal;
}

/** Who is told how far an attempt has come. */
export interface ProgressPort {
  /** May be told as often as there is something new: of what comes fast the newest is kept. */
  report(progress: Progress): void;
  /** The last that is to be told, which is kept for sure: the last step falls between two reports more often than not. */
  end(progress: Progress): Promise<void>;
}

/** What an attempt made. How long the job waited for it the worker knows. */
export interface JobDone extends Omit<JobResult, 'timings'> {
  readonly timings: Omit<JobTimings, 'wait'>;
  /** A model that it made, whose files lie in the store: it comes into the library with the end of the job. */
  readonly model?: MadeModel;
}
