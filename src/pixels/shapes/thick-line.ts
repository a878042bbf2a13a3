import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import type { Colour, RgbImage } from '../rgb-image.ts';
import type { Point } from './canvas.ts';
import { fillCircle } from './circle.ts';
import { clipSegment } from './clip-segment.ts';
import { fillFixedPointPolygon } from './convex-polygon.ts';
import { half, toFixedPoint } from './fixed-point.ts';

/**
 * A line of `thickness` (2 or more) pixels between whole positions with round ends, as
 * cv2.line(canvas, from, to, colour, thickness) draws it: cut where it leaves the canvas by more than its thickness, then a
 * rectangle in fixed point and a circle at each end.
 */
export function drawThickLine(canvas: RgbImage, from: Point, to: Point, thickness: number, colour: Colour): void {
  const near = clipAround(canvas, from, to, thickness);
  if (near === undefined) return;
  const [start, end] = near;
  if (start.x !== end.x || start.y !== end.y) fillFixedPointPolygon(canvas, rectangle(start, end, thickness), colour);
  const radius = Math.floor((thickness + 1) / 2);
  fillCircle(canvas, start, radius, colour);
  fillCircle(canvas, end, radius, colour);
}

/** The part of a line within the canvas and `margin` pixels around it. */
function clipAround(
  { width, height }: RgbImage,
  from: Point,
  to: Point,
  margin: number,
): readonly [Point, Point] | undefined {
  const moved = ({ x, y }: Point, by: number): Point => ({ x: x + by, y: y + by });
  const clipped = clipSegment(moved(from, margin), moved(to, margin), width - 1 + 2 * margin, height - 1 + 2 * margin);
  return clipped === undefined ? undefined : [moved(clipped[0], -margin), moved(clipped[1], -margin)];
}

/** The corners, in fixed point, of the rectangle around a line whose ends differ. */
function rectangle(from: Point, to: Point, thickness: number): readonly Point[] {
  const [dx, dy] = [from.x - to.x, to.y - from.y];
  const reach = ((thickness + (thickness % 2)) * half) / Math.hypot(dx, dy);
  const [x, y] = [roundHalfToEven(dy * reach), roundHalfToEven(dx * reach)];
  const [start, end] = [toFixedPoint(from), toFixedPoint(to)];
  return [
    { x: start.x + x, y: start.y + y },
    { x: start.x - x, y: start.y - y },
    { x: end.x - x, y: end.y - y },
    { x: end.x + x, y: end.y + y },
  ];
}
