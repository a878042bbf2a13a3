import { cubic, resampleBytes } from '../numeric/resample.ts';
import type { Size } from '../numeric/size.ts';
import type { LevelMap } from './level-map.ts';

/**
 * How a mask is brought to the size of latents:
 * - `rounded`: bicubic, averaged over what a cell covers, and rounded to 0 or 1, so that it follows a blurred edge (A1111; networks of
 *   four channels).
 * - `grey`: the same, not rounded (A1111's soft mask).
 * - `nearest`: what is at the upper left corner of a cell, above a half or not (diffusers; networks of nine channels).
 */
export type LatentMaskRule = 'rounded' | 'grey' | 'nearest';

/** A weight for each cell, 0 .. 1, row by row. */
export function latentMask(mask: LevelMap, cells: Size, rule: LatentMaskRule): Float32Array {
  if (rule === 'nearest') return nearest(mask, cells);
  const levels = resampleBytes(mask.levels, mask, cells, 1, cubic);
  const weightOf = rule === 'rounded' ? (level: number) => (level > 127 ? 1 : 0) : (level: number) => level / 255;
  return Float32Array.from(levels, weightOf);
}

function nearest({ levels, ...from }: LevelMap, to: Size): Float32Array {
  const weights = new Float32Array(to.width * to.height);
  for (let y = 0, cell = 0; y < to.height; y++) {
    const row = Math.floor((y * from.height) / to.height) * from.width;
    for (let x = 0; x < to.width; x++, cell++) {
      weights[cell] = levels[row + Math.floor((x * from.width) / to.width)]! > 127 ? 1 : 0;
    }
  }
  return weights;
}
