import type { RgbImage } from '../condition.ts';

/**
 * Brightness as it looks to the eye (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B), in fixed point with 15 fractional bits:
 * bit for bit cv2.cvtColor(image, COLOR_RGB2GRAY).
 *
 * @returns width x height values, row by row.
 */
export function luma({ data }: RgbImage): Uint8Array {
  const values = new Uint8Array(data.length / 3);
  for (let i = 0, j = 0; i < values.length; i++, j += 3) {
    values[i] = (9798 * data[j]! + 19_235 * data[j + 1]! + 3735 * data[j + 2]! + 16_384) >> 15;
  }
  return values;
}
