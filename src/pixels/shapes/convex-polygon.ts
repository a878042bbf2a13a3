import type { Colour, RgbImage } from '../rgb-image.ts';
import { fillSpan, type Point } from './canvas.ts';
import { one, toFixedPoint, toNearestPixel } from './fixed-point.ts';
import { drawFixedPointLine, drawLine } from './line.ts';

/**
 * A filled convex polygon with corners on whole pixels, and its outline, as cv2.fillConvexPoly(canvas, corners, colour)
 * draws it.
 */
export function fillConvexPolygon(canvas: RgbImage, corners: readonly Point[], colour: Colour): void {
  corners.forEach((corner, i) => drawLine(canvas, corners.at(i - 1)!, corner, colour));
  fillInterior(canvas, corners.map(toFixedPoint), colour);
}

/** The same with corners in fixed-point coordinates. */
export function fillFixedPointPolygon(canvas: RgbImage, corners: readonly Point[], colour: Colour): void {
  corners.forEach((corner, i) => drawFixedPointLine(canvas, corners.at(i - 1)!, corner, colour));
  fillInterior(canvas, corners, colour);
}

/** The border of the polygon on one side of its top corner, walked down row by row in fixed point. */
interface Side {
  /** Index of the corner that the present edge leads to. */
  corner: number;
  /** To the next corner: one up or down, around. */
  readonly direction: number;
  /** The row in which the present edge ends. */
  end: number;
  x: number;
  slope: number;
}

/** Fills each row between the polygon's two sides; as many edges are walked as there are corners. */
function fillInterior(canvas: RgbImage, corners: readonly Point[], colour: Colour): void {
  if (corners.length < 3) return;
  const rows = corners.map(({ y }) => toNearestPixel(y));
  const top = indexOfTop(corners);
  const firstRow = rows[top]!;
  const lastRow = Math.min(Math.max(...rows), canvas.height - 1);
  const sides = [1, corners.length - 1].map((direction): Side => ({
    corner: top,
    direction,
    end: firstRow,
    x: -one,
    slope: 0,
  }));
  let edges = corners.length;
  let rowsDown = 1;
  for (let y = firstRow; y <= lastRow; y += rowsDown) {
    for (const side of sides) if (y >= side.end) edges -= nextEdge(side, corners, rows, y, edges);
    const [a, b] = [sides[0]!, sides[1]!];
    fillSpan(canvas, y, toNearestPixel(Math.min(a.x, b.x)), toNearestPixel(Math.max(a.x, b.x)), colour);
    // What lies above the canvas is passed in one go, down to the next corner.
    rowsDown = Math.max(1, Math.min(0, a.end, b.end) - y);
    for (const side of sides) side.x += side.slope * rowsDown;
  }
}

/** Goes on to the next edge that leads below row `y`. @returns how many edges were passed, at most `edges`. */
function nextEdge(side: Side, corners: readonly Point[], rows: readonly number[], y: number, edges: number): number {
  let from = side.corner;
  for (let passed = 1; passed <= edges; passed++) {
    const to = (from + side.direction) % corners.length;
    const height = rows[to]! - y;
    if (height > 0) {
      const start = corners[from]!.x;
      side.x = start;
      side.slope = Math.trunc(((corners[to]!.x - start) * 2 + height) / (2 * height));
      side.end = rows[to]!;
      side.corner = to;
      return passed;
    }
    from = to;
  }
  return edges;
}

function indexOfTop(corners: readonly Point[]): number {
  return corners.reduce((top, { y }, i) => (y < corners[top]!.y ? i : top), 0);
}
