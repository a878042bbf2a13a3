import type { MaskedImage } from '../../pixels/rgb-image.ts';

/** Below this in all three channels is no direction: one of length 1 has more in one of them at least, and lossy formats do not keep black. */
const leastOfSurface = 40;

/** Surfaces that looked to the one side look to the other: red, which says how far, counts from its other end. What is black, or nearly, is no surface. */
export function swapNormals(map: MaskedImage): MaskedImage {
  const data = Uint8Array.from(map.data);
  for (let at = 0; at < data.length; at += 3) {
    if (Math.max(data[at]!, data[at + 1]!, data[at + 2]!) < leastOfSurface) continue;
    data[at] = 255 - data[at]!;
  }
  return { ...map, data };
}
