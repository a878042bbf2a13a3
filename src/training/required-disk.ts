import { elementCount } from '../numeric/tensor.ts';
import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { keptSteps } from './kept-models.ts';
import type { LearntShapes } from './learnt-set.ts';

const bytesOfNumber = 4;
/** Arrays of all that is trained in a checkpoint: weights and two moments. */
const arrays = 3;
/** One stays until the next is whole. */
const checkpoints = 2;

/** A model is written in two forms of binary16: as much as one array. */
const result = 1;

/**
 * Bytes of disk that a training takes at least: what is encoded of `pairs`, twice where they are mirrored, its checkpoints of `numbers` that it trains, the best of
 * them where it is looked at, and its models. What maps take, which are packed, is not known before.
 */
export function requiredDisk(
  pairs: number,
  { latents, caption }: LearntShapes,
  { flip, ema, steps, keep, validation }: TrainingPlan,
  numbers: number,
): number {
  const encoded = pairs * (2 * elementCount(latents) * (flip ? 2 : 1) + caption);
  const best = validation === null ? 0 : 1;
  const models = result + (steps === 0 ? keep : keptSteps(steps, keep).length);
  const moved = checkpoints * (arrays + (ema === null ? 0 : 1));
  return bytesOfNumber * (encoded + numbers * (moved + best + models));
}
