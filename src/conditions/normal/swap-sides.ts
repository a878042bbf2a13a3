import type { MaskedImage } from '../../pixels/rgb-image.ts';

/** Surfaces that looked to the one side look to the other: red, which says how far, counts from its other end. What is black is no surface. */
export function swapNormals(map: MaskedImage): MaskedImage {
  const data = Uint8Array.from(map.data);
  for (let at = 0; at < data.length; at += 3) {
    if (data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 0) continue;
    data[at] = 255 - data[at]!;
  }
  return { ...map, data };
}
