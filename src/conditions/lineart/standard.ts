import { gaussianBlur } from '../../numeric/gaussian-blur.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { KernelOptions } from './options.ts';

/**
 * What is darker in every channel than its surroundings (a Gaussian of sigma 6), brighter the darker it is: half of white at
 * the median of what lies above the threshold. ControlNet's lineart_standard, where thickness and intensity are 1.
 *
 * @returns width x height values, 0..255.
 */
export function standardLines(image: RgbImage, { thickness, intensity, threshold }: KernelOptions): Uint8Array {
  const darkness = leastDarkness(image, 6 * thickness);
  const scale = (127 * intensity) / Math.max(16, median(darkness.filter((value) => value > threshold)));
  const lines = new Uint8Array(darkness.length);
  for (let i = 0; i < lines.length; i++) lines[i] = Math.min(255, Math.max(0, darkness[i]! * scale));
  return lines;
}

/** How much darker than its surroundings each pixel is, in the channel where it is so least. */
function leastDarkness({ width, height, data }: RgbImage, sigma: number): Float32Array {
  const least = new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
  const plane = new Float32Array(least.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0, j = channel; i < plane.length; i++, j += 3) plane[i] = data[j]!;
    const around = gaussianBlur(plane, { width, height }, sigma);
    for (let i = 0; i < least.length; i++) least[i] = Math.min(least[i]!, around[i]! - plane[i]!);
  }
  return least;
}

/** 0 of nothing. */
function median(values: Float32Array): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
