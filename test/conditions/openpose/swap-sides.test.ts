import { describe, expect, it } from 'vitest';
import { drawJoints, drawLimbs } from '../../../src/conditions/openpose/draw-body.ts';
import { swapPoseSides } from '../../../src/conditions/openpose/swap-sides.ts';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';

/** Right and left of COCO's 18 points: shoulders, elbows, wrists, hips, knees, ankles, eyes, ears. */
const sides = [
  [2, 5],
  [3, 6],
  [4, 7],
  [8, 11],
  [9, 12],
  [10, 13],
  [14, 15],
  [16, 17],
];
const other = (joint: number): number => {
  const pair = sides.find((both) => both.includes(joint));
  return pair === undefined ? joint : pair[0]! + pair[1]! - joint;
};
/** Points that a limb joins. */
const limbs = [
  [1, 2],
  [2, 3],
  [3, 4],
  [1, 8],
  [8, 9],
  [9, 10],
  [1, 0],
  [0, 14],
  [14, 16],
] as const;

function drawn(points: ReadonlyMap<number, { readonly x: number; readonly y: number }>): RgbImage {
  const canvas = { width: 48, height: 32, data: new Uint8Array(48 * 32 * 3) };
  const body = Array.from({ length: 18 }, (_, joint) => points.get(joint) ?? null);
  drawLimbs(canvas, [body]);
  drawJoints(canvas, [body]);
  return canvas;
}

describe('a pose whose sides change places', () => {
  it.each(Array.from({ length: 18 }, (_, joint) => joint))('has joint %i in the colour of the other side', (joint) => {
    const at = { x: 20, y: 12 };
    expect(swapPoseSides(drawn(new Map([[joint, at]])))).toEqual(drawn(new Map([[other(joint), at]])));
  });

  it.each(limbs)('has the limb from %i to %i in the colour of the other side, and back', (from, to) => {
    const [start, end] = [
      { x: 6, y: 8 },
      { x: 40, y: 24 },
    ];
    const one = drawn(
      new Map([
        [from, start],
        [to, end],
      ]),
    );
    const two = drawn(
      new Map([
        [other(from), start],
        [other(to), end],
      ]),
    );
    expect(swapPoseSides(one)).toEqual(two);
    expect(swapPoseSides(two)).toEqual(one);
  });

  it('leaves the colours of hands and faces alone', () => {
    const hand = { width: 2, height: 2, data: Uint8Array.from([255, 255, 255, 255, 77, 0, 127, 255, 0, 0, 0, 0]) };
    expect(swapPoseSides(hand)).toEqual(hand);
  });

  it('knows colours that a lossy format has changed a little', () => {
    const noise = Array.from({ length: 300 }, (_, index) => [index % 256, 200, 40 + (index >> 8)]).flat();
    const lossy = { width: 301, height: 1, data: Uint8Array.from([250, 175, 6, ...noise]) };
    expect([...swapPoseSides(lossy).data.subarray(0, 3)]).toEqual([80, 255, 6]);
  });
});
