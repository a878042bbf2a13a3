import { gaussianBlur } from '../numeric/gaussian-blur.ts';
import type { Size } from '../numeric/size.ts';
import type { LevelMap } from './level-map.ts';
import type { RgbImage } from './rgb-image.ts';

/** Radii in pixels, from the widest to the narrowest, and how often each is laid on. */
const layers = [
  [256, 1],
  [64, 1],
  [16, 2],
  [4, 4],
  [2, 2],
  [0, 1],
] as const;

/**
 * A picture whose masked part is replaced by its blurred surroundings (A1111's `fill`): what is not masked is blurred ever less widely,
 * and each layer is laid over the ones before. What the mask leaves in full stays as it is.
 */
export function fillFromAround({ width, height, data }: RgbImage, mask: LevelMap): RgbImage {
  const size = { width, height };
  const pixels = width * height;
  const cover = Float32Array.from(mask.levels, (level) => 1 - level / 255);
  // Colours times cover, so that what is masked adds nothing, and the cover itself.
  const planes = [0, 1, 2].map((channel) =>
    Float32Array.from({ length: pixels }, (_, i) => (data[3 * i + channel] ?? 0) * (cover[i] ?? 0)),
  );
  const laid = planes.map(() => new Float32Array(pixels));
  for (const [radius, times] of layers) {
    const blurred = [...planes, cover].map((plane) =>
      radius === 0 ? plane : gaussianBlur(plane, size, reachable(radius, size)),
    );
    const above = blurred[3] as Float32Array;
    for (let time = 0; time < times; time++) {
      for (const [channel, plane] of laid.entries()) {
        const colour = blurred[channel] as Float32Array;
        for (let i = 0; i < pixels; i++) plane[i] = colour[i]! + plane[i]! * (1 - above[i]!);
      }
    }
  }
  const filled = new Uint8Array(data.length);
  for (let i = 0; i < pixels; i++) {
    for (let channel = 0; channel < 3; channel++) {
      filled[3 * i + channel] = Math.min(255, Math.max(0, Math.round(laid[channel]![i]!)));
    }
  }
  return { width, height, data: filled };
}

/** A Gaussian much wider than the picture is its mean: one as wide as its long side is no different, and is quicker. */
function reachable(radius: number, { width, height }: Size): number {
  return Math.min(radius, Math.max(width, height));
}
