import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { blackCanvas, type Point } from '../../../src/pixels/shapes/canvas.ts';
import { fillCircle } from '../../../src/pixels/shapes/circle.ts';
import { fillConvexPolygon } from '../../../src/pixels/shapes/convex-polygon.ts';
import { ellipsePolygon } from '../../../src/pixels/shapes/ellipse.ts';
import { drawLine } from '../../../src/pixels/shapes/line.ts';
import { drawThickLine } from '../../../src/pixels/shapes/thick-line.ts';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { decodePicture } from '../../../src/images/decode.ts';

type Pair = readonly [number, number];
type Drawing =
  | { readonly kind: 'line'; readonly points: readonly Pair[] }
  | { readonly kind: 'polygon'; readonly points: readonly Pair[] }
  | { readonly kind: 'thick_line'; readonly points: readonly Pair[]; readonly thickness: number }
  | { readonly kind: 'circle'; readonly points: readonly Pair[]; readonly radius: number }
  | { readonly kind: 'ellipse'; readonly points: readonly Pair[]; readonly axes: Pair; readonly angle: number };

const folder = new URL('.', import.meta.url);
const { width, height, cases } = JSON.parse(readFileSync(new URL('primitives.json', folder), 'utf8')) as {
  readonly width: number;
  readonly height: number;
  readonly cases: readonly Drawing[];
};
const white = [255, 255, 255] as const;

function draw(canvas: RgbImage, drawing: Drawing): void {
  const points = drawing.points.map(([x, y]): Point => ({ x, y }));
  const [first, second] = [points[0]!, points[1]!];
  if (drawing.kind === 'line') drawLine(canvas, first, second, white);
  else if (drawing.kind === 'thick_line') drawThickLine(canvas, first, second, drawing.thickness, white);
  else if (drawing.kind === 'circle') fillCircle(canvas, first, drawing.radius, white);
  else if (drawing.kind === 'polygon') fillConvexPolygon(canvas, points, white);
  else fillConvexPolygon(canvas, ellipsePolygon(first, ...drawing.axes, drawing.angle), white);
}

describe('drawing against OpenCV (made by make-primitives.py)', async () => {
  const expected = await decodePicture(readFileSync(new URL('primitives.png', folder)));

  it('has references, most of them with something on the canvas', () => {
    expect(cases.length).toBe(300);
    expect(expected).toMatchObject({ width, height: height * cases.length });
    expect(expected.data.filter((value) => value === 255).length).toBeGreaterThan(100_000);
  });

  it.each(['line', 'thick_line', 'circle', 'ellipse', 'polygon'])('%s, every pixel', (kind) => {
    const size = width * height * 3;
    const differing = cases.flatMap((drawing, i) => {
      if (drawing.kind !== kind) return [];
      const canvas = blackCanvas(width, height);
      draw(canvas, drawing);
      const wanted = expected.data.subarray(i * size, (i + 1) * size);
      const count = canvas.data.reduce((sum, value, at) => sum + (value === wanted[at] ? 0 : 1), 0) / 3;
      return count === 0 ? [] : [{ i, count, drawing }];
    });
    expect(differing).toEqual([]);
  });
});
