import type { TrainingPair } from './data/set.ts';
import type { TrainingRandom } from './training-random.ts';

/** A set in two: what is learnt from, and what only shows what was learnt. */
export interface SplitSet {
  readonly learnt: readonly TrainingPair[];
  readonly heldOut: readonly TrainingPair[];
}

/** Holds `count` pairs out, chosen by the seed; each part in the order of the whole. */
export function holdOut(pairs: readonly TrainingPair[], count: number, random: TrainingRandom): SplitSet {
  const draws = random.uniforms('split', 0, 0, pairs.length);
  const order = [...pairs.keys()].toSorted((a, b) => (draws[a] as number) - (draws[b] as number) || a - b);
  const chosen = new Set(order.slice(0, count));
  return {
    learnt: pairs.filter((_, index) => !chosen.has(index)),
    heldOut: pairs.filter((_, index) => chosen.has(index)),
  };
}
