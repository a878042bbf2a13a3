import type { Colour, RgbImage } from '../../pixels/rgb-image.ts';
import type { Point } from '../../pixels/shapes/canvas.ts';
import { fillCircle } from '../../pixels/shapes/circle.ts';
import { fillConvexPolygon } from '../../pixels/shapes/convex-polygon.ts';
import { ellipsePolygon } from '../../pixels/shapes/ellipse.ts';
import { wholePixel } from './whole-pixel.ts';
import type { Points } from './people.ts';

/** One colour a point; the limbs have the first 17 of them. */
export const jointColours: readonly Colour[] = [
  [255, 0, 0],
  [255, 85, 0],
  [255, 170, 0],
  [255, 255, 0],
  [170, 255, 0],
  [85, 255, 0],
  [0, 255, 0],
  [0, 255, 85],
  [0, 255, 170],
  [0, 255, 255],
  [0, 170, 255],
  [0, 85, 255],
  [0, 0, 255],
  [85, 0, 255],
  [170, 0, 255],
  [255, 0, 255],
  [255, 0, 170],
  [255, 0, 85],
];

/** Indices of the two points of each limb. */
const limbs: readonly (readonly [number, number])[] = [
  [1, 2],
  [1, 5],
  [2, 3],
  [3, 4],
  [5, 6],
  [6, 7],
  [1, 8],
  [8, 9],
  [9, 10],
  [1, 11],
  [11, 12],
  [12, 13],
  [1, 0],
  [0, 14],
  [14, 16],
  [0, 15],
  [15, 17],
];

/** Those of the limbs: of the first points, at 0.6 of their brightness. */
export const limbColours: readonly Colour[] = limbs.map((_, i) => {
  const [red, green, blue] = jointColours[i]!;
  return [Math.trunc(red * 0.6), Math.trunc(green * 0.6), Math.trunc(blue * 0.6)];
});

/** Half the width of a limb and the radius of a joint, in pixels of the map whatever its size. */
const thickness = 4;

/** Limbs as ellipses in their colours at 0.6 of the brightness. Limb by limb, so that later limbs cover earlier ones. */
export function drawLimbs(canvas: RgbImage, bodies: readonly Points[]): void {
  limbs.forEach(([from, to], i) => {
    for (const body of bodies) {
      const [start, end] = [body[from], body[to]];
      if (start && end) fillConvexPolygon(canvas, limbOutline(start, end), limbColours[i]!);
    }
  });
}

/** Joints as filled circles. */
export function drawJoints(canvas: RgbImage, bodies: readonly Points[]): void {
  jointColours.forEach((colour, i) => {
    for (const body of bodies) {
      const joint = body[i];
      if (joint) fillCircle(canvas, wholePixel(joint), thickness, colour);
    }
  });
}

function limbOutline(start: Point, end: Point): readonly Point[] {
  const centre = wholePixel({ x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 });
  const [dx, dy] = [start.x - end.x, start.y - end.y];
  const angle = Math.trunc(Math.atan2(dy, dx) * (180 / Math.PI));
  return ellipsePolygon(centre, Math.trunc(Math.sqrt(dx ** 2 + dy ** 2) / 2), thickness, angle);
}
