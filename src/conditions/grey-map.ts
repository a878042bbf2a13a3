import type { PlaneSize } from '../numeric/resample.ts';
import type { RgbImage } from './condition.ts';

/** A map of three equal channels from one value a pixel. */
export function greyMap(values: Uint8Array, { width, height }: PlaneSize): RgbImage {
  const data = new Uint8Array(values.length * 3);
  for (let i = 0, j = 0; i < values.length; i++, j += 3) data.fill(values[i]!, j, j + 3);
  return { width, height, data };
}

/** Values 0..1 as 0..255, rounded; what lies outside is cut off. */
export function toBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(values, (value) => Math.floor(value * 255 + 0.5)).buffer);
}
