import { elementCount } from '../numeric/tensor.ts';
import type { LearntShapes } from './learnt-set.ts';

const bytesOfNumber = 4;
/** Arrays of all that is trained in a checkpoint: weights and two moments. */
const arrays = 3;
/** One stays until the next is whole. */
const checkpoints = 2;

/**
 * Bytes of disk that a training takes at least: what is encoded of `pairs`, twice where they are mirrored, and its checkpoints of `numbers` that it trains. What maps
 * take, which are packed, is not known before.
 */
export function requiredDisk(
  pairs: number,
  { latents, caption }: LearntShapes,
  { flip, numbers, averaged }: { flip: boolean; numbers: number; averaged: boolean },
): number {
  const encoded = pairs * (2 * elementCount(latents) * (flip ? 2 : 1) + caption);
  return bytesOfNumber * (encoded + checkpoints * numbers * (arrays + (averaged ? 1 : 0)));
}
