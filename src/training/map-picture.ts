import type { Size } from '../numeric/size.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';

/** A map as networks take it, [3, height, width] in 0..1 and -1 where it is masked, as pixels. */
export function mapPicture(map: Float32Array, { width, height }: Size): MaskedImage {
  const plane = width * height;
  const data = new Uint8Array(3 * plane);
  const masked = new Uint8Array(plane);
  for (let at = 0; at < plane; at++) {
    if ((map[at] as number) < 0) masked[at] = 1;
    for (let channel = 0; channel < 3; channel++) {
      data[3 * at + channel] = Math.round(255 * Math.max(0, map[channel * plane + at] as number));
    }
  }
  return masked.includes(1) ? { width, height, data, masked } : { width, height, data };
}
