import type { Size } from '../numeric/size.ts';
import type { LevelMap } from './level-map.ts';
import { blurMask } from './mask-blur.ts';
import type { Sides } from './sides.ts';

/**
 * What is drawn anew of a canvas that a picture was laid on: what was added on its sides, grown by the blur into the picture so that both
 * overlap, and what a mask of the picture says; blurred. What was added stays white: nothing is there that could shine through.
 * What a canvas has beyond a side that nothing was added to is cut off in the end and stays black.
 *
 * @param picture the size of the picture, which lies at `left`, `top`
 * @param mask of the picture's size; null where nothing more is drawn anew
 */
export function extendedMask(canvas: Size, picture: Size, sides: Sides, mask: LevelMap | null, blur: number): LevelMap {
  const overlap = Math.round(blur);
  const sharp = beyond(canvas, picture, sides, overlap);
  if (mask !== null) layOver(sharp, canvas, mask, sides);
  const { levels } = blurMask({ ...canvas, levels: sharp }, blur);
  const added = beyond(canvas, picture, sides, 0);
  return { ...canvas, levels: levels.map((level, i) => Math.max(level, added[i]!)) };
}

/** Each level the higher one of both. */
function layOver(levels: Uint8Array, { width }: Size, mask: LevelMap, { left, top }: Sides): void {
  for (const [i, level] of mask.levels.entries()) {
    const at = (top + Math.floor(i / mask.width)) * width + left + (i % mask.width);
    levels[at] = Math.max(levels[at]!, level);
  }
}

/** White on the sides that something was added to, and as far into the picture there. */
function beyond({ width, height }: Size, picture: Size, sides: Sides, overlap: number): Uint8Array {
  const { left, top, right, bottom } = sides;
  const from = { x: left > 0 ? left + overlap : 0, y: top > 0 ? top + overlap : 0 };
  const to = {
    x: right > 0 ? left + picture.width - overlap : width,
    y: bottom > 0 ? top + picture.height - overlap : height,
  };
  const levels = new Uint8Array(width * height).fill(255);
  for (let y = from.y; y < to.y; y++) if (to.x > from.x) levels.fill(0, y * width + from.x, y * width + to.x);
  return levels;
}
