import type { Size } from '../numeric/size.ts';
import type { RgbImage } from './rgb-image.ts';

/** A map of three equal channels from one value a pixel. */
export function greyMap(values: Uint8Array, { width, height }: Size): RgbImage {
  const data = new Uint8Array(values.length * 3);
  for (let i = 0, j = 0; i < values.length; i++, j += 3) {
    const value = values[i]!;
    data[j] = value;
    data[j + 1] = value;
    data[j + 2] = value;
  }
  return { width, height, data };
}

/** Values 0..1 as 0..255, rounded; what lies outside is cut off. */
export function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(Math.max(values[i]!, 0), 1) * 255 + 0.5;
  return bytes;
}
