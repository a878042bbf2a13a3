import type { SerializedError } from '../errors.ts';
import type { DeviceSettings } from '../device/protocol.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { TrainingRequest } from '../generation/request/training.ts';
import type { TrainingEvent } from '../training/contract/training-event.ts';
import type { SetLimits } from '../training/data/contract/limits.ts';
import type { InitialModel, TrainingPlaces } from '../training/training-tools.ts';

/** What a training process is begun with: one training, from the start or from the checkpoint in its folder. */
export interface StartTraining {
  readonly request: TrainingRequest;
  readonly places: TrainingPlaces;
  readonly base: BaseModel;
  readonly vae: VaeModel | null;
  readonly init: InitialModel | null;
  /** Whether it is only measured. */
  readonly dryRun: boolean;
  readonly settings: DeviceSettings;
  readonly extractor: ExtractorPlaces;
  /** Bytes of memory that the process may use. */
  readonly usableMemory: number;
  readonly setLimits: TrainerSetLimits;
}

/** What the operator lets the sets of one training have; the rest of what bounds a set is always the same. */
export type TrainerSetLimits = Pick<SetLimits, 'entries' | 'unpackedBytes'>;

/** The networks that maps are made with. */
export interface ExtractorPlaces {
  readonly annotators: string;
  readonly pulled: readonly string[];
  readonly threads: number;
}

export type ToTrainer =
  | { readonly type: 'start'; readonly start: StartTraining }
  /** What an event said is taken note of: the training goes on. */
  | { readonly type: 'noted' }
  /** It ends after the batch that runs, with a checkpoint. */
  | { readonly type: 'stop' }
  /** It ends after the batch that runs, at least one step, as if it had been asked for no more. */
  | { readonly type: 'finish' };

export type FromTrainer =
  | { readonly type: 'event'; readonly event: TrainingEvent }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly error: SerializedError };
