import type { Size } from '../numeric/size.ts';
import type { Box } from './frame.ts';
import type { LevelMap } from './level-map.ts';

/** The smallest box that holds all that is not black; null where everything is. */
export function boxOfMask({ width, height, levels }: LevelMap): Box | null {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (levels[i] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * The part of a picture that is drawn where only what is masked is: the box of the mask, grown by `padding` pixels on each side, then
 * along one side until it has the shape of `working`, as far as the picture reaches (A1111).
 */
export function maskedRegion(mask: Box, padding: number, picture: Size, working: Size): Box {
  const across = grown({ start: mask.x, end: mask.x + mask.width }, padding, picture.width);
  const down = grown({ start: mask.y, end: mask.y + mask.height }, padding, picture.height);
  const [width, height] = [across.end - across.start, down.end - down.start];
  const ratio = working.width / working.height;
  const wide = width / height > ratio;
  const columns = wide ? across : widened(across, Math.trunc(height * ratio - width), picture.width);
  const rows = wide ? widened(down, Math.trunc(width / ratio - height), picture.height) : down;
  return {
    x: columns.start,
    y: rows.start,
    width: columns.end - columns.start,
    height: rows.end - rows.start,
  };
}

/** Positions of a line, the end not among them. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

function grown({ start, end }: Stretch, padding: number, length: number): Stretch {
  return { start: Math.max(start - padding, 0), end: Math.min(end + padding, length) };
}

/** Grown by `more`, the smaller half of it at the start; what would lie beyond an end is moved back, and cut where there is no room. */
function widened(stretch: Stretch, more: number, length: number): Stretch {
  const before = Math.floor(more / 2);
  let [start, end] = [stretch.start - before, stretch.end + more - before];
  if (end >= length) [start, end] = [start - (end - length), length];
  if (start < 0) [start, end] = [0, end - start];
  return { start, end: Math.min(end, length) };
}
