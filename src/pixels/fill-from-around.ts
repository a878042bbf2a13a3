import { gaussianBlur } from '../numeric/gaussian-blur.ts';
import { resamplePlane } from '../numeric/resample.ts';
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
  // The last one is how much of a pixel is covered yet.
  const laid = [...planes, cover].map(() => new Float32Array(pixels));
  for (const [radius, times] of layers) {
    const blurred = [...planes, cover].map((plane) => blurredBy(radius, plane, size));
    const above = blurred[3] as Float32Array;
    for (let time = 0; time < times; time++) {
      for (const [channel, plane] of laid.entries()) {
        const colour = blurred[channel] as Float32Array;
        for (let i = 0; i < pixels; i++) plane[i] = colour[i]! + plane[i]! * (1 - above[i]!);
      }
    }
  }
  const covered = laid[3]!;
  const filled = new Uint8Array(data.length);
  for (let i = 0; i < pixels; i++) {
    for (let channel = 0; channel < 3; channel++) {
      // Far from all that is known little is laid on: it counts in full all the same.
      const colour = covered[i]! > 0 ? laid[channel]![i]! / covered[i]! : 0;
      filled[3 * i + channel] = Math.min(255, Math.max(0, Math.round(colour)));
    }
  }
  return { width, height, data: filled };
}

/** Wider blurs are made on a smaller plane, which shows no difference and takes hardly any time. */
const widestInFull = 4;

function blurredBy(radius: number, plane: Float32Array, size: Size): Float32Array {
  if (radius === 0) return plane;
  if (radius <= widestInFull) return gaussianBlur(plane, size, radius);
  const shrink = radius / widestInFull;
  const side = (length: number): number => Math.max(1, Math.round(length / shrink));
  const small = { width: side(size.width), height: side(size.height) };
  return resamplePlane(gaussianBlur(resamplePlane(plane, size, small), small, widestInFull), small, size);
}
