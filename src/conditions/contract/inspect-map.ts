import { type ColourStatistics, colourStatistics } from './colour-statistics.ts';
import type { MaskedImage } from '../../pixels/rgb-image.ts';

/**
 * What stands out in a picture, as the end of a sentence with what to do: "the map has colours; depth is expected in grey".
 * Undefined where nothing does.
 */
export type Check = (colours: ColourStatistics) => string | undefined;

/** A condition, as far as its ready-made maps are looked at. */
export interface CheckedMaps {
  readonly id: string;
  readonly checkMap?: Check | undefined;
}

/**
 * Looks whether a ready-made map is plausible for its condition. A picture that fails is used all the same: the remarks
 * go into the job's warnings.
 *
 * @returns one sentence a remark, with what to do; empty where nothing stands out.
 */
export function inspectMap({ id, checkMap }: CheckedMaps, map: MaskedImage): readonly string[] {
  const colours = colourStatistics(map);
  if (colours.constant) {
    return [`${id}: the map is one flat colour, so it holds no structure; send a map that shows the condition.`];
  }
  const remark = checkMap?.(colours);
  return remark === undefined ? [] : [`${id}: ${remark}`];
}
