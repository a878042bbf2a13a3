import { resampleCubic } from '../../numeric/cubic-resample.ts';
import type { MersenneTwister } from '../../numeric/mersenne-twister.ts';
import type { Size } from '../../numeric/size.ts';

/**
 * Smooth random values, 0..1 (both are reached, unless all values are equal: then 0): a coarse grid of uniform numbers
 * enlarged by cubic convolution, of which a window is taken and stretched to the range, as ControlNet's `make_noise_disk`.
 *
 * @param scale pixels between two numbers of the grid, about.
 * @returns width x height values, row by row.
 */
export function smoothNoise({ width, height }: Size, scale: number, random: MersenneTwister): Float64Array {
  const grid = { width: Math.floor(width / scale) + 2, height: Math.floor(height / scale) + 2 };
  const numbers = Float64Array.from({ length: grid.width * grid.height }, () => uniform(random));
  const enlarged = { width: width + 2 * scale, height: height + 2 * scale };
  const noise = resampleCubic(numbers, grid, enlarged, { x: scale, y: scale, width, height });
  stretch(noise);
  return noise;
}

/** In place, so that the least value is 0 and the largest 1. */
function stretch(values: Float64Array): void {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]!);
    most = Math.max(most, values[i]!);
  }
  const range = most - least;
  for (let i = 0; i < values.length; i++) values[i] = range === 0 ? 0 : (values[i]! - least) / range;
}

/** 0..1 with 53 bits, of two words: `genrand_res53` of MT19937's authors, which NumPy's `random` is. */
function uniform(random: MersenneTwister): number {
  const high = random.next() >>> 5;
  const low = random.next() >>> 6;
  return (high * 67_108_864 + low) / 9_007_199_254_740_992;
}
