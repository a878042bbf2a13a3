import sharp from 'sharp';
import type { RgbImage } from '../pixels/rgb-image.ts';

/** Pixels of the longer side at most. */
const mostSide = 256;
/** Tried in that order until the file is small enough. */
const qualities = [80, 60, 40, 20] as const;

export interface SmallJpeg {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** A picture as a JPEG of at most `mostBytes` and 256 pixels a side, whatever has to be given up for it. Never larger than it was. */
export async function previewJpeg(image: RgbImage, mostBytes: number): Promise<SmallJpeg> {
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  for (let side = mostSide; ; side = Math.floor(side / 2)) {
    const size = { width: side, height: side, fit: 'inside', withoutEnlargement: true } as const;
    for (const quality of qualities) {
      const { data, info } = await sharp(image.data, { raw })
        .resize(size)
        .jpeg({ quality })
        .toBuffer({ resolveWithObject: true });
      // A picture of a pixel is what it is.
      if (data.length <= mostBytes || side <= 1) return { width: info.width, height: info.height, bytes: data };
    }
  }
}
