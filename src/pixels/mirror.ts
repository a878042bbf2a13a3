import type { MaskedImage } from './rgb-image.ts';

/** The picture with left and right exchanged, and its mask with it. */
export function mirrored(image: MaskedImage): MaskedImage {
  const { width, height, data, masked } = image;
  const turned = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const from = (row * width + x) * 3;
      const to = (row * width + width - 1 - x) * 3;
      turned[to] = data[from]!;
      turned[to + 1] = data[from + 1]!;
      turned[to + 2] = data[from + 2]!;
    }
  }
  if (masked === undefined) return { width, height, data: turned };
  const mask = new Uint8Array(masked.length);
  for (let at = 0; at < mask.length; at++) mask[at - (at % width) + width - 1 - (at % width)] = masked[at]!;
  return { width, height, data: turned, masked: mask };
}
