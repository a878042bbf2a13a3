import type { ConditionMap, Extractor } from '../contract/condition.ts';
import { remarks } from '../contract/remarks.ts';
import type { MaskedImage } from '../../pixels/rgb-image.ts';

/** The picture as it is, and black where it is masked, so that nothing of what lies beneath is kept in the map. */
export const inpaint = {
  extract({ width, height, data, masked }: MaskedImage): ConditionMap {
    const count = masked?.reduce((sum, value) => sum + value, 0) ?? 0;
    const map = count === 0 ? { width, height, data } : { width, height, data: blackened(data, masked!), masked };
    return { map, ...remarks([], blankness(count, width * height)) };
  },
} satisfies Extractor<unknown>;

function blackened(data: Uint8Array, masked: Uint8Array): Uint8Array {
  const copy = data.slice();
  for (let i = 0; i < masked.length; i++) if (masked[i] === 1) copy.fill(0, 3 * i, 3 * i + 3);
  return copy;
}

function blankness(masked: number, pixels: number): string | undefined {
  if (masked === 0) {
    return 'inpaint: no part of the picture is to be drawn anew: make it transparent there, or send a mask that is white there.';
  }
  return masked === pixels ? 'inpaint: all of the picture is to be drawn anew, so that it steers nothing.' : undefined;
}
