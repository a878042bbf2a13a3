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
  readonly trained: Trained;
  /** Pixels at which pictures are learnt from. */
  readonly resolution: Size;
  /** How often the weights are moved: where schedules end. */
  readonly steps: number;
  readonly batch: number;
  readonly accumulation: number;
  readonly learningRate: number;
  readonly schedule: RateSchedule;
  readonly warmup: number;
  readonly ema: number | null;
  readonly minSnrGamma: number | null;
  readonly flip: boolean;
  readonly promptDropout: number;
  readonly seed: number;
  readonly trigger: string | null;
}
