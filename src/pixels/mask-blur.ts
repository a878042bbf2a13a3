import { gaussianKernel } from '../numeric/gaussian-blur.ts';
import type { Size } from '../numeric/size.ts';
import { convolveSymmetric } from '../numeric/symmetric-convolution.ts';
import type { LevelMap } from './level-map.ts';

/**
 * A mask blurred along and across as A1111 blurs masks: by a Gaussian of `sigma` pixels that reaches 2.5 of it to each side, rounded
 * to 8 bits in between and at the end; beyond the border the mask is mirrored. The mask itself where sigma is 0.
 */
export function blurMask({ width, height, levels }: LevelMap, sigma: number): LevelMap {
  if (sigma === 0) return { width, height, levels };
  return { width, height, levels: blurDown(blurAlong(levels, { width, height }, sigma), { width, height }, sigma) };
}

/** Each row by itself: a plane of one row is convolved along it alone. */
export function blurAlong(levels: Uint8Array, { width, height }: Size, sigma: number): Uint8Array {
  const blurred = new Uint8Array(levels.length);
  const kernel = halfKernel(sigma);
  for (let y = 0; y < height; y++) {
    const at = y * width;
    blurLine(levels.subarray(at, at + width), kernel, (sums) => blurred.set(rounded(sums), at));
  }
  return blurred;
}

/** Each column by itself. */
export function blurDown(levels: Uint8Array, { width, height }: Size, sigma: number): Uint8Array {
  const turned = transposed(levels, { width, height });
  return transposed(blurAlong(turned, { width: height, height: width }, sigma), { width: height, height: width });
}

function blurLine(line: Uint8Array, kernel: Float64Array, finish: (sums: Float64Array) => void): void {
  convolveSymmetric({ width: line.length, height: 1 }, kernel, {
    fill: (_y, to) => to.set(line),
    rowWidth: line.length,
    finish: (_y, sums) => finish(sums),
  });
}

function rounded(sums: Float64Array): Uint8Array {
  return Uint8Array.from(sums, (sum) => Math.min(255, Math.round(sum)));
}

function transposed(levels: Uint8Array, { width, height }: Size): Uint8Array {
  const turned = new Uint8Array(levels.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned[x * height + y] = levels[y * width + x]!;
  return turned;
}

/** From the middle outwards. */
function halfKernel(sigma: number): Float64Array {
  const length = 2 * Math.trunc(2.5 * sigma + 0.5) + 1;
  return gaussianKernel(sigma, length).subarray((length - 1) / 2);
}
