import type { Point } from './canvas.ts';

/**
 * The part of a straight line that lies in 0..right x 0..bottom, by Cohen and Sutherland's outcodes: first top and bottom,
 * then left and right, each cut rounded towards the end it moves from.
 *
 * @returns both ends; undefined where no part lies inside.
 */
export function clipSegment(
  from: Point,
  to: Point,
  right: number,
  bottom: number,
): readonly [Point, Point] | undefined {
  if (sameSide(from, to, right, bottom)) return undefined;
  const start = clipRows(from, from, to, bottom);
  const end = clipRows(to, start, to, bottom);
  if (sameSide(start, end, right, bottom)) return undefined;
  const left = clipColumns(start, start, end, right);
  return [left, clipColumns(end, left, end, right)];
}

/** Whether both ends lie beyond one and the same border. */
function sameSide(a: Point, b: Point, right: number, bottom: number): boolean {
  return (a.x < 0 && b.x < 0) || (a.x > right && b.x > right) || (a.y < 0 && b.y < 0) || (a.y > bottom && b.y > bottom);
}

function clipRows(end: Point, from: Point, to: Point, bottom: number): Point {
  if (end.y >= 0 && end.y <= bottom) return end;
  const y = end.y < 0 ? 0 : bottom;
  return { x: end.x + Math.trunc(((y - end.y) * (to.x - from.x)) / (to.y - from.y)), y };
}

function clipColumns(end: Point, from: Point, to: Point, right: number): Point {
  if (end.x >= 0 && end.x <= right) return end;
  const x = end.x < 0 ? 0 : right;
  return { x, y: end.y + Math.trunc(((x - end.x) * (to.y - from.y)) / (to.x - from.x)) };
}
