import type { Point } from '../../pixels/shapes/canvas.ts';

/** Coordinates cut to integers, towards zero. */
export function wholePixel({ x, y }: Point): Point {
  return { x: Math.trunc(x), y: Math.trunc(y) };
}

/** Hands and faces leave out what lies in the first row or column or beyond: that is where absent points are. */
export function isBeyondCorner({ x, y }: Point): boolean {
  return x < 1 || y < 1;
}
