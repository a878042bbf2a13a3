import type { Size } from '../../../numeric/size.ts';
import type { RateSchedule } from '../../request/training.ts';
import type { Trained } from './trained/trained.ts';

/** A training with every default resolved. Two of the same plan on the same pictures end with the same weights. */
export interface TrainingPlan {
  readonly version: 1;
  /** What the result is called. */
  readonly name: string;
  /** Of the base model. */
  readonly base: { readonly id: string; readonly hash: string };
  /** The autoencoder that stands in for the base's own; null for its own. */
  readonly vae: { readonly id: string; readonly hash: string } | null;
  /** The model that it begins as; null for a new one. */
  readonly init: { readonly id: string; readonly hash: string } | null;
  readonly trained: Trained;
  /** Pixels at which pictures are learnt from. */
  readonly resolution: Size;
  /** How often the weights are moved: where schedules end. 0 as long as that is not measured. */
  readonly steps: number;
  /** What the steps are to take; null where they were asked for. */
  readonly minutes: number | null;
  readonly batch: number;
  readonly accumulation: number;
  /** The largest; 0 as long as it is not found. */
  readonly learningRate: number;
  /** Whether it is found by a range test. */
  readonly findsRate: boolean;
  readonly schedule: RateSchedule;
  readonly warmup: number;
  readonly ema: number | null;
  readonly minSnrGamma: number | null;
  readonly flip: boolean;
  readonly promptDropout: number;
  /** Pixels by which maps are moved at most. */
  readonly mapJitter: number;
  /** Rows of each picture of a batch. */
  readonly timestepsPerMap: number;
  readonly seed: number;
  readonly trigger: string | null;
  /** Pairs that are not learnt from. */
  readonly heldOut: number;
  /** Models from on the way that are kept beside the result. */
  readonly keep: number;
  /** Null where nothing is looked at on the way. */
  readonly validation: ValidationPlan | null;
}

/** What is looked at on the way. */
export interface ValidationPlan {
  /** Steps from one look to the next. */
  readonly every: number;
  /** In turn; none: the captions of what is held out. */
  readonly prompts: readonly string[];
  /** Held-out maps that are drawn and measured. */
  readonly maps: number;
  readonly seeds: readonly number[];
}
