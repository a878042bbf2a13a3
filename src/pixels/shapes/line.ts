import type { Colour, RgbImage } from '../rgb-image.ts';
import { type Point, putPixel } from './canvas.ts';
import { clipSegment } from './clip-segment.ts';
import { half, one, toNearestPixel, toPixel } from './fixed-point.ts';

/**
 * A line of one pixel between whole positions: Bresenham's, 8-connected, drawn from left to right after it was cut to the
 * canvas, as cv2.line(canvas, from, to, colour, 1) draws it.
 */
export function drawLine(canvas: RgbImage, from: Point, to: Point, colour: Colour): void {
  const inside = clipSegment(from, to, canvas.width - 1, canvas.height - 1);
  if (inside === undefined) return;
  const [start, end] = inside[0].x <= inside[1].x ? inside : [inside[1], inside[0]];
  const width = end.x - start.x;
  const height = Math.abs(end.y - start.y);
  const down = end.y < start.y ? -1 : 1;
  const steep = height > width;
  const [length, rise] = steep ? [height, width] : [width, height];
  let { x, y } = start;
  let error = length - 2 * rise;
  for (let i = 0; i <= length; i++) {
    putPixel(canvas, x, y, colour);
    const aside = error < 0;
    error += aside ? 2 * (length - rise) : -2 * rise;
    if (steep || aside) y += down;
    if (!steep || aside) x++;
  }
}

/** A line of one pixel between fixed-point positions: one pixel a column, or a row where it is steep. */
export function drawFixedPointLine(canvas: RgbImage, from: Point, to: Point, colour: Colour): void {
  const inside = clipSegment(from, to, canvas.width * one - 1, canvas.height * one - 1);
  if (inside === undefined) return;
  const flat = Math.abs(inside[1].x - inside[0].x) > Math.abs(inside[1].y - inside[0].y);
  const along = flat ? inside : ([flipped(inside[0]), flipped(inside[1])] as const);
  const [start, end] = along[1].x < along[0].x ? [along[1], along[0]] : along;
  const put = (x: number, y: number): void => (flat ? putPixel(canvas, x, y, colour) : putPixel(canvas, y, x, colour));
  put(toNearestPixel(end.x), toNearestPixel(end.y));
  const run = end.x - start.x;
  // An odd divisor, so that a line of no length needs no case of its own.
  const step = Math.trunc(((end.y - start.y) * one) / (run % 2 === 0 ? run + 1 : run));
  const first = toNearestPixel(start.x);
  const steps = toPixel(run);
  for (let i = 0; i <= steps; i++) put(first + i, toPixel(start.y + half + i * step));
}

function flipped({ x, y }: Point): Point {
  return { x: y, y: x };
}
