import type { PlaneSize } from './resample.ts';

/**
 * A plane blurred by a Gaussian as cv2.GaussianBlur(plane, (0, 0), sigma) blurs float32: the kernel reaches 4 sigma, the
 * plane is mirrored at its border without repeating it (BORDER_REFLECT_101).
 *
 * @param sigma in pixels, above 0.
 */
export function gaussianBlur(plane: Float32Array, size: PlaneSize, sigma: number): Float32Array {
  return convolve(plane, size, gaussianKernel(sigma, kernelLength(sigma, 4)));
}

/**
 * The same on 8-bit values, bit for bit as OpenCV: the kernel reaches 3 sigma and its weights have 8 fractional bits, each
 * carrying the rounding error of the one before it; the result is rounded once.
 */
export function gaussianBlurBytes(plane: Uint8Array, size: PlaneSize, sigma: number): Uint8Array {
  const kernel = fixedPointKernel(gaussianKernel(sigma, kernelLength(sigma, 3)));
  // Whole numbers below 2^24: float32 holds them exactly.
  const blurred = convolve(new Float32Array(plane), size, kernel);
  const bytes = new Uint8Array(plane.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(blurred[i]! / 65536 + 0.5);
  return bytes;
}

/** Odd, at least 1. */
function kernelLength(sigma: number, reach: number): number {
  return Math.round(sigma * reach * 2 + 1) | 1;
}

function gaussianKernel(sigma: number, length: number): Float64Array {
  const kernel = Float64Array.from({ length }, (_, i) =>
    Math.exp(-((i - (length - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  return kernel.map((weight) => weight / sum);
}

/** Whole numbers whose sum is 256. */
function fixedPointKernel(kernel: Float64Array): Float64Array {
  const fixed = new Float64Array(kernel.length);
  const middle = (kernel.length - 1) / 2;
  let error = 0;
  let sum = 0;
  for (let i = 0; i < middle; i++) {
    const exact = kernel[i]! * 256 + error;
    const rounded = Math.round(exact);
    error = exact - rounded;
    fixed[i] = rounded;
    fixed[kernel.length - 1 - i] = rounded;
    sum += 2 * rounded;
  }
  fixed[middle] = 256 - sum;
  return fixed;
}

/** A symmetric kernel along the rows, then along the columns. */
function convolve(plane: Float32Array, size: PlaneSize, kernel: Float64Array): Float32Array {
  const radius = (kernel.length - 1) / 2;
  // From the middle outwards; zeros at the end make whole groups of four after the middle.
  const half = new Float64Array(1 + Math.ceil(radius / 4) * 4);
  half.set(kernel.subarray(radius));
  return convolveColumns(convolveRows(plane, size, half), size, half);
}

function convolveRows(plane: Float32Array, { width, height }: PlaneSize, half: Float64Array): Float32Array {
  const radius = half.length - 1;
  const out = new Float32Array(plane.length);
  const sums = new Float64Array(width);
  const line = new Float32Array(width + 2 * radius);
  const sources = new Int32Array(line.length).map((_, i) => mirrored(i - radius, width));
  const left = new Int32Array(half.length).map((_, k) => radius - k);
  const right = new Int32Array(half.length).map((_, k) => radius + k);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < line.length; i++) line[i] = plane[y * width + sources[i]!]!;
    weightedSums(line, left, right, half, sums);
    out.set(sums, y * width);
  }
  return out;
}

function convolveColumns(plane: Float32Array, { width, height }: PlaneSize, half: Float64Array): Float32Array {
  const out = new Float32Array(plane.length);
  const sums = new Float64Array(width);
  const above = new Int32Array(half.length);
  const below = new Int32Array(half.length);
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < half.length; k++) {
      above[k] = mirrored(y - k, height) * width;
      below[k] = mirrored(y + k, height) * width;
    }
    weightedSums(plane, above, below, half, sums);
    out.set(sums, y * width);
  }
  return out;
}

/**
 * sums[i] = half[0] source[before[0] + i] + the sum over k > 0 of half[k] (source[before[k] + i] + source[after[k] + i]).
 * Four pairs are taken at once: that is what makes it fast.
 */
function weightedSums(
  source: Float32Array,
  before: Int32Array,
  after: Int32Array,
  half: Float64Array,
  sums: Float64Array,
): void {
  for (let i = 0, at = before[0]!; i < sums.length; i++, at++) sums[i] = half[0]! * source[at]!;
  for (let k = 1; k < half.length; k += 4) {
    const [w0, w1, w2, w3] = [half[k]!, half[k + 1]!, half[k + 2]!, half[k + 3]!];
    const [a0, a1, a2, a3] = [before[k]!, before[k + 1]!, before[k + 2]!, before[k + 3]!];
    const [b0, b1, b2, b3] = [after[k]!, after[k + 1]!, after[k + 2]!, after[k + 3]!];
    for (let i = 0; i < sums.length; i++) {
      sums[i]! +=
        w0 * (source[a0 + i]! + source[b0 + i]!) +
        w1 * (source[a1 + i]! + source[b1 + i]!) +
        w2 * (source[a2 + i]! + source[b2 + i]!) +
        w3 * (source[a3 + i]! + source[b3 + i]!);
    }
  }
}

/** A position beyond the border, thrown back as often as needed: ... 2 1 | 0 1 2 ... */
function mirrored(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((position % period) + period) % period;
  return within < length ? within : period - within;
}
