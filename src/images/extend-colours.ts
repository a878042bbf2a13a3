import type { RgbImage } from '../conditions/condition.ts';

/**
 * The picture with each masked pixel in the colour of the nearest known one (horizontal plus vertical distance), so that
 * resizing it brings nothing of what lies beneath the mask into what is known. Black where nothing is known.
 */
export function extendColours({ width, height, data }: RgbImage, masked: Uint8Array): RgbImage {
  const nearest = nearestKnown(masked, width, height);
  const extended = new Uint8Array(data.length);
  for (let i = 0; i < nearest.length; i++) {
    const from = nearest[i]! * 3;
    if (from >= 0) extended.set(data.subarray(from, from + 3), i * 3);
  }
  return { width, height, data: extended };
}

/** Index of the nearest pixel that is not masked; negative where there is none. */
function nearestKnown(masked: Uint8Array, width: number, height: number): Int32Array {
  const distance = new Int32Array(masked.length).fill(width + height);
  const nearest = new Int32Array(masked.length).fill(-1);
  const take = (i: number, neighbour: number): void => {
    if (distance[neighbour]! + 1 >= distance[i]!) return;
    distance[i] = distance[neighbour]! + 1;
    nearest[i] = nearest[neighbour]!;
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (masked[i] === 0) {
        distance[i] = 0;
        nearest[i] = i;
        continue;
      }
      if (x > 0) take(i, i - 1);
      if (y > 0) take(i, i - width);
    }
  }
  for (let y = height - 1, i = masked.length - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--, i--) {
      if (x < width - 1) take(i, i + 1);
      if (y < height - 1) take(i, i + width);
    }
  }
  return nearest;
}
