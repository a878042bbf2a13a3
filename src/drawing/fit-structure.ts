import { structureOf } from '../conditions/structures.ts';
import type { ResizeMode } from '../pixels/resize-mode.ts';
import { placement } from '../pixels/geometry.ts';
import type { Size } from '../numeric/size.ts';

/**
 * Structure as data in the frame of the generation, by the rules by which a picture of its canvas would be resized: `crop`
 * cuts what is too much, `fill` leaves bars. Data that names no canvas is a share of whatever frame it is drawn in, and one
 * whose canvas just fits stays as it is.
 */
export function fitStructure(kind: string, data: unknown, size: Size, mode: ResizeMode): unknown {
  const { canvas, place } = structureOf(kind);
  const own = canvas(data);
  if (own === null) return data;
  const { resized, x, y } = placement(own, size, mode);
  if (resized.width === size.width && resized.height === size.height) return data;
  const sign = mode === 'crop' ? -1 : 1;
  return place(data, own, {
    scale: { x: resized.width / own.width, y: resized.height / own.height },
    shift: { x: sign * x, y: sign * y },
    size,
  });
}
