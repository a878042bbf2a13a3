import type { Size } from './size.ts';
import { convolveSymmetric } from './symmetric-convolution.ts';

/**
 * A plane blurred by a Gaussian as cv2.GaussianBlur(plane, (0, 0), sigma) blurs float32: the kernel reaches 4 sigma, the
 * plane is mirrored at its border without repeating it (BORDER_REFLECT_101).
 *
 * @param sigma in pixels, above 0.
 */
export function gaussianBlur(plane: Float32Array, size: Size, sigma: number): Float32Array {
  const { width } = size;
  const blurred = new Float32Array(plane.length);
  convolveSymmetric(size, fromMiddle(gaussianKernel(sigma, kernelLength(sigma, 4))), {
    fill: (y, line) => line.set(plane.subarray(y * width, (y + 1) * width)),
    rowWidth: width,
    finish: (y, sums) => blurred.set(sums, y * width),
  });
  return blurred;
}

/**
 * The same on 8-bit values, bit for bit as OpenCV: the kernel reaches 3 sigma and its weights have 8 fractional bits, each
 * carrying the rounding error of the one before it; the result is rounded once.
 */
export function gaussianBlurBytes(plane: Uint8Array, size: Size, sigma: number): Uint8Array {
  const { width } = size;
  const blurred = new Uint8Array(plane.length);
  convolveSymmetric(size, fixedPointKernel(sigma), {
    fill: (y, line) => line.set(plane.subarray(y * width, (y + 1) * width)),
    rowWidth: width,
    finish: (y, sums) => {
      for (let x = 0, to = y * width; x < width; x++, to++) blurred[to] = (sums[x]! + 32_768) >> 16;
    },
  });
  return blurred;
}

/**
 * {@link gaussianBlurBytes} of three interleaved channels at once. A float64 holds whole numbers of 53 bits, and sums along
 * a row have 16: so one number carries all three channels along the rows, and red and green together down the columns.
 */
export function gaussianBlurRgb(data: Uint8Array, size: Size, sigma: number): Uint8Array {
  const { width } = size;
  const blurred = new Uint8Array(data.length);
  convolveSymmetric(size, fixedPointKernel(sigma), {
    fill: (y, line) => {
      for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
        line[x] = data[at]! + data[at + 1]! * 2 ** 16 + data[at + 2]! * 2 ** 32;
      }
    },
    rowWidth: 2 * width,
    split: (sums, row) => {
      for (let x = 0; x < width; x++) {
        const sum = sums[x]!;
        const blue = Math.floor(sum * 2 ** -32);
        const redAndGreen = sum - blue * 2 ** 32;
        const green = Math.floor(redAndGreen * 2 ** -16);
        // 24 bits for each of both from here on.
        row[x] = redAndGreen + green * (2 ** 24 - 2 ** 16);
        row[width + x] = blue;
      }
    },
    finish: (y, sums) => {
      for (let x = 0, to = y * width * 3; x < width; x++, to += 3) {
        const sum = sums[x]!;
        const green = Math.floor(sum * 2 ** -24);
        blurred[to] = (sum - green * 2 ** 24 + 32_768) >> 16;
        blurred[to + 1] = (green + 32_768) >> 16;
        blurred[to + 2] = (sums[width + x]! + 32_768) >> 16;
      }
    },
  });
  return blurred;
}

/** Odd, at least 1. */
function kernelLength(sigma: number, reach: number): number {
  return Math.round(sigma * reach * 2 + 1) | 1;
}

/** Weights of a Gaussian of `sigma` at whole distances from the middle of an odd length. The sum is 1. */
export function gaussianKernel(sigma: number, length: number): Float64Array {
  const kernel = Float64Array.from({ length }, (_, i) =>
    Math.exp(-((i - (length - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  return kernel.map((weight) => weight / sum);
}

function fromMiddle(kernel: Float64Array): Float64Array {
  return kernel.subarray((kernel.length - 1) / 2);
}

/** Whole numbers whose sum over both sides is 256, from the middle on. */
function fixedPointKernel(sigma: number): Float64Array {
  const exact = gaussianKernel(sigma, kernelLength(sigma, 3));
  const middle = (exact.length - 1) / 2;
  const fixed = new Float64Array(middle + 1);
  let error = 0;
  let sum = 0;
  for (let i = 0; i < middle; i++) {
    const value = exact[i]! * 256 + error;
    const rounded = Math.round(value);
    error = value - rounded;
    fixed[middle - i] = rounded;
    sum += 2 * rounded;
  }
  fixed[0] = 256 - sum;
  return fixed;
}
