import type { DeviceSettings } from '../device/protocol.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { ModelReference } from '../generation/plan-references.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import type { SetLimits } from './data/contract/limits.ts';
import type { Extract } from './control-obedience.ts';

/** A model that a training begins as. */
export interface InitialModel extends ModelReference {
  /** Null where it is gone, which matters to no training that has a checkpoint. */
  readonly path: string | null;
}

/** What a training is made with. */
export interface TrainingTools {
  readonly base: BaseModel;
  /** Stands in for the base model's own autoencoder where it is drawn with another one. */
  readonly vae: VaeModel | null;
  /** The model that the training begins as; null for a new one. */
  readonly init: InitialModel | null;
  readonly settings: DeviceSettings;
  /** Bytes of memory that this process may use. */
  readonly usableMemory: number;
  /** What the set may have at most; by default {@link defaultSetLimits}. */
  readonly setLimits?: SetLimits;
  readonly decoder: PictureDecoder;
  /** Makes a map of a picture, of its size, by a condition that has an extractor. */
  readonly extract: Extract;
  /** Makes the folder of a training where it is not there and keeps others out of it, by a file `trainingLock`. */
  readonly hold: (folder: string) => Promise<{ release(): Promise<void> }>;
  readonly randomSeed: () => number;
  readonly now: () => Date;
}

export interface TrainingPlaces {
  /** The set. */
  readonly data: string;
  /** A folder. */
  readonly output: string;
  /** What the result is called where the request does not say it. */
  readonly name: string;
}
