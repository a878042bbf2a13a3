import type { RgbImage } from '../pixels/rgb-image.ts';
import type { SerializedError } from '../errors.ts';
import type { BaseModel } from '../generation/model.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ControlWork } from '../pipeline/controls/control-work.ts';
import type { TorchGeneratorState } from '../numeric/torch-generator.ts';
import type { SchedulerMemory } from '../schedulers/scheduler.ts';

/**
 * What a worker and its device process say to each other, over Node's IPC with `advanced` serialization. Each message
 * about a job carries the job and its attempt, so that an answer to an attempt that is over is recognised and dropped.
 */
export interface AttemptKey {
  readonly job: string;
  readonly attempt: number;
}

/** How far a drawing has come: all that another device process needs to go on with it. */
export interface DrawingState {
  readonly samples: readonly KeptSample[];
  /** images[i] is the picture of sample i, or null where it is not decoded yet. */
  readonly images: readonly (DrawnImage | null)[];
  /** Samples in each batched step so far. */
  readonly batches: readonly number[];
}

/** The state of a sample as checkpoints hold it. */
export interface KeptSample {
  /** Index of the next evaluation: that of its step too, since every sampler of today has one a step. */
  readonly step: number;
  readonly latents: Float32Array;
  readonly scheduler: SchedulerMemory;
  readonly noise: TorchGeneratorState;
}

/** A job with its pictures decoded and its maps made: the device reads no file but weights. */
export interface DrawRequest extends AttemptKey {
  readonly plan: GenerationPlan;
  /** Where the base model of the plan lies. */
  readonly base: BaseModel;
  readonly controls: readonly ControlWork[];
  /** Where an earlier attempt at the same plan left off; absent where there was none. */
  readonly resume?: DrawingState;
  /**
   * Milliseconds of drawing between two checkpoints. Where it is given, one comes with a cancel too. Absent: none are made.
   */
  readonly checkpointEveryMs?: number;
}

export type ToDevice =
  | { readonly type: 'start'; readonly settings: DeviceSettings }
  | ({ readonly type: 'admit' } & DrawRequest)
  | ({ readonly type: 'cancel' } & AttemptKey);

export type FromDevice =
  | { readonly type: 'ready'; readonly device: DeviceDescription }
  | ({ readonly type: 'progress'; readonly step: number; readonly steps: number } & AttemptKey)
  | ({ readonly type: 'checkpoint'; readonly state: DrawingState } & AttemptKey)
  | ({ readonly type: 'finished' } & Drawing & AttemptKey)
  | ({ readonly type: 'cancelled' } & AttemptKey)
  | ({ readonly type: 'failed'; readonly error: SerializedError } & AttemptKey)
  | { readonly type: 'ticked'; readonly rows: number; readonly samples: number; readonly ms: number }
  | { readonly type: 'fatal'; readonly error: SerializedError };

export interface DeviceSettings {
  readonly provider: 'cpu' | 'cuda' | 'auto';
  readonly deviceId: number;
  readonly threads: number;
  /** Bytes for weights, of which the least recently used go first, and for what a batched step works in. */
  readonly memoryBudget: number;
  /** Most rows (samples times two with guidance) in one batched step. */
  readonly maxRows: number;
  /** Folder of the tokenizer for checkpoints that bring none. */
  readonly tokenizerFolder: string;
}

export interface DeviceDescription {
  readonly provider: 'cpu' | 'cuda';
  /** Which provider was taken and why, in one sentence. */
  readonly reason: string;
}

/** What came of a draw request. */
export interface Drawing {
  readonly images: readonly DrawnImage[];
  readonly warnings: readonly string[];
  /** Milliseconds from admission to the last decoded picture. */
  readonly drawMs: number;
  /** Mean number of samples in the batched steps that it took part in. */
  readonly meanBatch: number;
}

export interface DrawnImage {
  readonly seed: number;
  readonly image: RgbImage;
}
