import { describe, expect, it } from 'vitest';

import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import type { Point } from '../../../src/pixels/shapes/canvas.ts';
import { fillConvexPolygon } from '../../../src/pixels/shapes/convex-polygon.ts';
import { ellipsePolygon } from '../../../src/pixels/shapes/ellipse.ts';
import { drawThickLine } from '../../../src/pixels/shapes/thick-line.ts';
import { findHand } from '../../../src/conditions/openpose/find-hands.ts';
import { BundledAnnotators } from '../../../src/extractor/bundled-annotators.ts';

const networks = new BundledAnnotators('models/annotators');
const size = 400;
const skin = [224, 172, 140] as const;
const shadow = [190, 135, 105] as const;

const roots: readonly Point[] = [165, 165, 190, 214, 236].map((x, i) => ({ x, y: [240, 185, 178, 182, 195][i]! }));
/** Where the five fingers end, thumb first. */
const tips: readonly Point[] = [110, 160, 195, 230, 268].map((x, i) => ({ x, y: [190, 95, 75, 85, 125][i]! }));
const elbow = { x: 200, y: 390 };
const wrist = { x: 200, y: 255 };

/** No photograph of a hand is free to keep here, so this is a drawn one, in front of grey. */
function drawnHand(place: (point: Point) => Point): RgbImage {
  const canvas = { width: size, height: size, data: new Uint8Array(size * size * 3).fill(90) };
  drawThickLine(canvas, place({ x: 200, y: 399 }), place({ x: 200, y: 250 }), 46, skin);
  tips.forEach((tip, finger) => {
    drawThickLine(canvas, place(roots[finger]!), place(tip), 26, shadow);
    drawThickLine(canvas, place(roots[finger]!), place(tip), 21, skin);
  });
  fillConvexPolygon(canvas, ellipsePolygon(place({ x: 200, y: 215 }), 48, 48, 0), skin);
  return canvas;
}

const placements: readonly (readonly [string, (point: Point) => Point])[] = [
  ['upright', (point) => point],
  ['turned by a quarter', ({ x, y }) => ({ x: size - 1 - y, y: x })],
  ['mirrored', ({ x, y }) => ({ x: size - 1 - x, y })],
];

describe('findHand', () => {
  it.each(placements)('finds the fingertips of a hand that is %s', async (_, place) => {
    const scored = (point: Point) => ({ ...place(point), score: 1 });
    const hand = await findHand(drawnHand(place), scored(elbow), scored(wrist), networks);
    expect(hand!.presence).toBeGreaterThan(0.5);
    expect(hand!.points.length).toBe(21);
    tips.map(place).forEach((tip, finger) => {
      const found = hand!.points[4 + finger * 4]!;
      // A finger is 26 pixels wide and its point lies in its middle, before the end.
      expect(Math.hypot(found.x - tip.x, found.y - tip.y)).toBeLessThan(20);
    });
  });

  it('is not sure of a hand in front of plain grey', async () => {
    const grey = { width: size, height: size, data: new Uint8Array(size * size * 3).fill(90) };
    const hand = await findHand(grey, { ...elbow, score: 1 }, { ...wrist, score: 1 }, networks);
    expect(hand!.presence).toBeLessThan(0.5);
  });

  it('does not look behind a forearm of less than 12 pixels', async () => {
    const image = drawnHand((point) => point);
    expect(await findHand(image, { x: 200, y: 266.9, score: 1 }, { ...wrist, score: 1 }, networks)).toBeUndefined();
  });
});
