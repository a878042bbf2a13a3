import { TorchGenerator, type TorchGeneratorState } from '../numeric/torch-generator.ts';
import type { Noise, Scheduler } from '../schedulers/scheduler.ts';
import type { Guidance } from './guidance.ts';
import type { DrawnOver } from './drawn-over.ts';
import type { Row } from './row.ts';

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
  /** The picture that it draws over; null where it begins with noise alone. */
  readonly over: DrawnOver | null;
  /** What else has to be equal in samples that share a batch (see structureOf). */
  readonly structure: string;
  /** The noise of a sample from a state of its generator on. */
  readonly noiseFrom: (state: TorchGeneratorState) => SavedNoise;
}

export type LatentShape = readonly [channels: number, height: number, width: number];

/** Noise whose place can be kept. */
export interface SavedNoise extends Noise {
  /** The state from which another goes on with what has not been drawn yet. */
  save(): TorchGeneratorState;
}

/** Noise of one sample as torch draws it for latents of this shape. */
export function torchNoise(shape: LatentShape): Pass['noiseFrom'] {
  return (state) => {
    const generator = new TorchGenerator(state);
    return { draw: () => generator.randn([1, ...shape]), save: () => generator.save() };
  };
}
