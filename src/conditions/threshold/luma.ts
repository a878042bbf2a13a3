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
  const histogram = new Int32Array(256);
  for (let i = 0, j = 0; i < values.length; i++, j += 3) {
    const value = (9798 * data[j]! + 19_235 * data[j + 1]! + 3735 * data[j + 2]! + 16_384) >> 15;
    values[i] = value;
    histogram[value]!++;
  }
  return { values, histogram };
}
