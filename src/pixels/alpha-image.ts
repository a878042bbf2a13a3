import type { Size } from '../numeric/size.ts';

/** 8-bit RGB pixels, or RGBA ones with straight alpha (255 is opaque), row by row, no padding. */
export interface AlphaImage extends Size {
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/** RGBA pixels with their colours multiplied by their opacity, rounded as Pillow's RGBa is. */
export function premultiplied(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!;
    for (let channel = i; channel < i + 3; channel++) {
      const product = data[channel]! * alpha + 128;
      out[channel] = ((product >> 8) + product) >> 8;
    }
    out[i + 3] = alpha;
  }
  return out;
}

/** The inverse, where that has one, in place: what is wholly transparent keeps the colour that it has. */
export function unmultiply(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = i; channel < i + 3; channel++) {
      data[channel] = Math.min(255, Math.floor((255 * data[channel]!) / alpha));
    }
  }
}
