import type { RgbImage } from '../condition.ts';

/** Brightness of every pixel, 0..255, and how many pixels have each of the 256 values. */
export interface Luma {
  readonly values: Uint8Array;
  readonly histogram: Int32Array;
}

/**
 * Brightness as it looks to the eye (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B), in fixed point with 15 fractional bits:
 * bit for bit cv2.cvtColor(image, COLOR_RGB2GRAY). The values are width x height, row by row.
 */
export function lumaOf({ data }: RgbImage): Luma {
  const values = new Uint8Array(data.length / 3);
  // Pixels are counted apart by turns: neighbours are often equal, and one counter would have to wait for itself.
  const even = new Int32Array(256);
  const odd = new Int32Array(256);
  const pairs = values.length & ~1;
  for (let i = 0, j = 0; i < pairs; i += 2, j += 6) {
    const first = weigh(data[j]!, data[j + 1]!, data[j + 2]!);
    const second = weigh(data[j + 3]!, data[j + 4]!, data[j + 5]!);
    values[i] = first;
    values[i + 1] = second;
    even[first]!++;
    odd[second]!++;
  }
  if (pairs < values.length) {
    const last = weigh(data[pairs * 3]!, data[pairs * 3 + 1]!, data[pairs * 3 + 2]!);
    values[pairs] = last;
    even[last]!++;
  }
  return { values, histogram: even.map((count, level) => count + odd[level]!) };
}

function weigh(red: number, green: number, blue: number): number {
  return (9798 * red + 19_235 * green + 3735 * blue + 16_384) >> 15;
}
