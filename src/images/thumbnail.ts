import sharp from 'sharp';
import type { RgbImage } from '../pixels/rgb-image.ts';
import { decodePicture } from './decode.ts';
import type { Size } from '../numeric/size.ts';

/** A picture made smaller to fit into a size, its own shape kept; transparent parts are white. Never larger than it was. */
export async function thumbnail(bytes: Uint8Array, size: Size): Promise<RgbImage> {
  const { width, height, data } = await decodePicture(bytes);
  const small = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: small.info.width, height: small.info.height, data: small.data };
}

/** Copies a picture onto another, in place; all of it has to lie inside. */
export function paste(onto: RgbImage, picture: RgbImage, x: number, y: number): void {
  for (let row = 0; row < picture.height; row += 1) {
    const line = picture.data.subarray(row * picture.width * 3, (row + 1) * picture.width * 3);
    onto.data.set(line, ((y + row) * onto.width + x) * 3);
  }
}
