import type { MaskedImage } from './rgb-image.ts';

/** Whether all pixels have one colour. Never of a picture with a mask: where that lies is something. */
export function isFlat({ data, masked }: MaskedImage): boolean {
  if (masked !== undefined) return false;
  for (let i = 3; i < data.length; i++) if (data[i] !== data[i - 3]) return false;
  return true;
}
