import { BrownianPath, type PathRange } from '../numeric/brownian-path.ts';
import { elementCount } from '../numeric/tensor.ts';
import { TorchGenerator, type TorchGeneratorState } from '../numeric/torch-generator.ts';
import type { Noise, Scheduler } from '../schedulers/scheduler.ts';
import type { DeepCache } from './networks/deep-cache.ts';
import type { Guidance } from './guidance.ts';
import type { DrawnOver } from './drawn-over.ts';
import type { RowBranch } from './networks/networks.ts';
import type { Row } from './row.ts';
import type { Shown } from './shown.ts';

/**
 * One run of a sampler over latents of one size, with all that its samples share. It follows from the plan alone and is made
 * again where a drawing goes on. Drawing by a prompt is one pass; what draws over what an earlier one left is several.
 */
export interface Pass {
  /** Key of the base model's networks. */
  readonly base: string;
  /** Shape of the latents: channels, height, width. */
  readonly shape: LatentShape;
  readonly scheduler: Scheduler;
  readonly guidance: Guidance;
  /** In their order in a batch. */
  readonly rows: readonly Row[];
  /** LoRAs that act on every row beside the layers of the denoiser. */
  readonly branches: readonly RowBranch[];
  /** The picture that it draws over; null where it begins with noise alone. */
  readonly over: DrawnOver | null;
  /** What the network is shown beside the latents; null or absent where it takes the latents alone. */
  readonly shown?: Shown | null;
  /** Absent where the denoiser is worked out whole in every evaluation. */
  readonly deepCache?: DeepCache | undefined;
  /** What else has to be equal in samples that share a batch (see structureOf). */
  readonly structure: string;
  /** The noise of the sample with this seed from a state of its generator on. */
  readonly noiseFrom: (state: TorchGeneratorState, seed: number) => SavedNoise;
}

export type LatentShape = readonly [channels: number, height: number, width: number];

/** Noise whose place can be kept. */
export interface SavedNoise extends Noise {
  /** The state from which another goes on with what has not been drawn yet. */
  save(): TorchGeneratorState;
}

/**
 * Noise of one sample: draws as torch makes them for latents of this shape, and between two levels that of a path over the range of levels that the
 * model was trained on, or, without a range, a draw as well.
 */
export function torchNoise(shape: LatentShape, levels: PathRange | null): Pass['noiseFrom'] {
  return (state, seed) => {
    const generator = new TorchGenerator(state);
    const path = levels === null ? null : new BrownianPath(seed, elementCount(shape), levels);
    const draw = (): Float32Array => generator.randn([1, ...shape]);
    return {
      draw,
      between: (level, other) => path?.increment(level, other) ?? draw(),
      save: () => generator.save(),
    };
  };
}
