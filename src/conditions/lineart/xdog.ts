import { gaussianBlur } from '../../numeric/gaussian-blur.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import { lumaOf } from '../../pixels/luma.ts';
import type { KernelOptions } from './options.ts';

/** The ratio of both Gaussians at which their difference is nearest to the Laplacian (Marr and Hildreth, 1980). */
const ratio = 1.6;

/** What the difference of Gaussians of that ratio reaches at best beside a step of height 1. */
const stepResponse = 0.1117;

/** Steps this far above the threshold have three quarters of full brightness. */
const softness = 32;

/**
 * Lines along the dark side of edges: the difference of two Gaussians on the luma, cut softly with tanh as in XDoG
 * (Winnemöller, Kyprianidis and Olsen, "XDoG", 2012). Both weigh the same, so that flat areas stay black whatever their
 * tone.
 *
 * @returns width x height values, 0..255.
 */
export function xdogLines(image: RgbImage, { thickness, intensity, threshold }: KernelOptions): Uint8Array {
  const plane = new Float32Array(lumaOf(image).values);
  const near = gaussianBlur(plane, image, thickness);
  const around = gaussianBlur(plane, image, thickness * ratio);
  const lines = new Uint8Array(plane.length);
  for (let i = 0; i < lines.length; i++) {
    const step = (around[i]! - near[i]!) / stepResponse;
    if (step > threshold) lines[i] = Math.round(255 * Math.tanh((intensity * (step - threshold)) / softness));
  }
  return lines;
}
