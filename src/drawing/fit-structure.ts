import { structureOf } from '../conditions/structures.ts';
import type { Frame } from '../pixels/frame.ts';
import type { ResizeMode } from '../pixels/resize-mode.ts';
import { placement } from '../pixels/geometry.ts';
import type { Size } from '../numeric/size.ts';

/**
 * Structure as data in a frame, by the rules by which a picture of its canvas would be brought into it: `crop` cuts what is too
 * much, `fill` leaves bars. Data that names no canvas is a share of the source, and one whose canvas just fits stays as it is.
 */
export function fitStructure(kind: string, data: unknown, { source, box, working }: Frame, mode: ResizeMode): unknown {
  const { canvas, place } = structureOf(kind);
  const own = canvas(data) ?? source;
  const { resized, x, y } = placement(own, source, mode);
  const isWhole = box.x === 0 && box.y === 0 && sameSize(box, source);
  if (sameSize(resized, source) && isWhole && sameSize(working, source)) return data;
  const sign = mode === 'crop' ? -1 : 1;
  const zoom = { x: working.width / box.width, y: working.height / box.height };
  return place(data, own, {
    scale: { x: (resized.width / own.width) * zoom.x, y: (resized.height / own.height) * zoom.y },
    shift: { x: (sign * x - box.x) * zoom.x, y: (sign * y - box.y) * zoom.y },
    size: working,
  });
}

function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
