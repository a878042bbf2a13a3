import type { RgbImage } from './condition.ts';

/** Whether all pixels have one colour. */
export function isFlat({ data }: RgbImage): boolean {
  for (let i = 3; i < data.length; i++) if (data[i] !== data[i - 3]) return false;
  return true;
}
