import type { GenerationPlan } from './plan.ts';

/** One picture that a plan draws: a candidate for one of its outputs. */
export interface PlannedPicture {
  readonly output: number;
  /** Which of the candidates for the output, from 0. */
  readonly candidate: number;
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
}

/** Every picture of a plan, in the order of their seeds, which wrap around at 2^32 as the generator's do. */
export function picturesOf({
  seed,
  count,
  bestOf,
}: Pick<GenerationPlan, 'seed' | 'count' | 'bestOf'>): readonly PlannedPicture[] {
  return Array.from({ length: count * bestOf }, (_, index) => ({
    output: Math.floor(index / bestOf),
    candidate: index % bestOf,
    seed: (seed + index) % 2 ** 32,
  }));
}
