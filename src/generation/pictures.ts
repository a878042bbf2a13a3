import type { GenerationPlan, Variation } from './plan.ts';

/** One picture that a plan draws: a candidate for one of its outputs. */
export interface PlannedPicture {
  readonly output: number;
  /** Which of the candidates for the output, from 0. */
  readonly candidate: number;
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
  /** Absent where its noise is that of its seed alone. */
  readonly variation?: Variation;
}

/**
 * Every picture of a plan, in the order of their seeds, which wrap around at 2^32 as the generator's do. Those of a variation all
 * have the plan's seed, and count its seed instead.
 */
export function picturesOf({
  seed,
  count,
  bestOf,
  variation,
}: Pick<GenerationPlan, 'seed' | 'count' | 'bestOf' | 'variation'>): readonly PlannedPicture[] {
  const counted = (from: number, index: number): number => (from + index) % 2 ** 32;
  return Array.from({ length: count * bestOf }, (_, index) => {
    const place = { output: Math.floor(index / bestOf), candidate: index % bestOf };
    if (variation === undefined || variation.strength === 0) return { ...place, seed: counted(seed, index) };
    return { ...place, seed, variation: { ...variation, seed: counted(variation.seed, index) } };
  });
}
