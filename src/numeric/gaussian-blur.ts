import type { PlaneSize } from './resample.ts';

/**
 * A plane blurred by a Gaussian as cv2.GaussianBlur(plane, (0, 0), sigma) blurs float32: the kernel reaches 4 sigma, the
 * plane is mirrored at its border without repeating it (BORDER_REFLECT_101).
 *
 * @param sigma in pixels, above 0.
 */
export function gaussianBlur(plane: Float32Array, size: PlaneSize, sigma: number): Float32Array {
  const kernel = gaussianKernel(sigma, kernelLength(sigma, 4));
  const rows = convolveRows(plane, size, kernel, new Float32Array(plane.length));
  return convolveColumns(rows, size, kernel, new Float32Array(plane.length));
}

/**
 * The same on 8-bit values, bit for bit as OpenCV: the kernel reaches 3 sigma and its weights have 8 fractional bits, each
 * carrying the rounding error of the one before it; the result is rounded once.
 */
export function gaussianBlurBytes(plane: Uint8Array, size: PlaneSize, sigma: number): Uint8Array {
  const kernel = fixedPointKernel(gaussianKernel(sigma, kernelLength(sigma, 3)));
  const rows = convolveRows(plane, size, kernel, new Float64Array(plane.length));
  const blurred = convolveColumns(rows, size, kernel, new Float64Array(plane.length));
  return Uint8Array.from(blurred, (value) => Math.floor(value / 65536 + 0.5));
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

function convolveRows<Out extends Float32Array | Float64Array>(
  plane: Float32Array | Uint8Array,
  { width, height }: PlaneSize,
  kernel: Float64Array,
  out: Out,
): Out {
  const radius = (kernel.length - 1) / 2;
  const line = new Float64Array(width + 2 * radius);
  const sources = Int32Array.from(line, (_, i) => mirrored(i - radius, width));
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < line.length; i++) line[i] = plane[y * width + sources[i]!]!;
    for (let x = 0; x < width; x++) {
      let sum = kernel[radius]! * line[x + radius]!;
      for (let k = 0; k < radius; k++) sum += kernel[k]! * (line[x + k]! + line[x + 2 * radius - k]!);
      out[y * width + x] = sum;
    }
  }
  return out;
}

function convolveColumns<Out extends Float32Array | Float64Array>(
  plane: Float32Array | Float64Array,
  { width, height }: PlaneSize,
  kernel: Float64Array,
  out: Out,
): Out {
  const radius = (kernel.length - 1) / 2;
  const sum = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sum.fill(0);
    for (let k = -radius; k <= radius; k++) {
      const from = mirrored(y + k, height) * width;
      const weight = kernel[k + radius]!;
      for (let x = 0; x < width; x++) sum[x]! += weight * plane[from + x]!;
    }
    out.set(sum, y * width);
  }
  return out;
}

/** A position beyond the border, thrown back as often as needed: ... 2 1 | 0 1 2 ... */
function mirrored(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((position % period) + period) % period;
  return within < length ? within : period - within;
}
