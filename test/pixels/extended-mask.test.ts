import { expect, it } from 'vitest';
import { extendedMask } from '../../src/pixels/extended-mask.ts';
import { cut } from '../../src/pixels/frame.ts';
import { regionOfSource } from '../../src/pixels/region.ts';

const picture = { width: 40, height: 20 };
const sides = { left: 8, top: 0, right: 6, bottom: 0 };
/** Two more to the right and four at the bottom than there are sides. */
const canvas = { width: 56, height: 24 };
const row = (levels: Uint8Array, y: number): number[] => [...levels.subarray(y * canvas.width, (y + 1) * canvas.width)];

it('what is added is white, and as far into the picture as the blur, but nowhere else', () => {
  const { levels } = extendedMask(canvas, picture, sides, null, 0);
  for (const y of [0, 19, 23]) {
    expect(row(levels, y)).toEqual(Array.from({ length: 56 }, (_, x) => (x < 8 || x >= 48 ? 255 : 0)));
  }
  const blurred = row(extendedMask(canvas, picture, sides, null, 2).levels, 10);
  expect(blurred.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => 255));
  expect(blurred.slice(48)).toEqual(Array.from({ length: 8 }, () => 255));
  // Half of it where the margin of two pixels ends, nothing from 2.5 times the blur on.
  expect([blurred[9]! > 127, blurred[10]! < 128, blurred[9]! < 255]).toEqual([true, true, true]);
  expect(blurred.slice(16, 40)).toEqual(Array.from({ length: 24 }, () => 0));
  expect([...blurred].slice(8, 20)).toEqual([...blurred].slice(8, 20).toSorted((a, b) => b - a));
});

it('a mask of the picture counts where that lies', () => {
  const levels = new Uint8Array(800);
  levels[3 * 40 + 20] = 200;
  const masked = extendedMask(canvas, picture, sides, { ...picture, levels }, 0).levels;
  expect(masked[3 * 56 + 28]).toBe(200);
  expect(masked.reduce((count, level) => count + (level === 200 ? 1 : 0), 0)).toBe(1);
});

it('a part that reaches beyond a picture has its border, or is masked, or black there', () => {
  const data = Uint8Array.from([10, 11, 12, 20, 21, 22]);
  const image = { width: 2, height: 1, data };
  const box = { x: -1, y: 0, width: 4, height: 2 };
  const reds = (values: Uint8Array): number[] => [...values].filter((_, i) => i % 3 === 0);
  expect(reds(cut(image, box).data)).toEqual([10, 10, 20, 20, 10, 10, 20, 20]);
  expect(cut(image, box).masked).toBeUndefined();
  const masked = cut(image, box, 'masked');
  expect([...masked.masked!]).toEqual([1, 0, 0, 1, 1, 1, 1, 1]);
  expect(reds(cut(image, box, 'black').data)).toEqual([0, 10, 20, 0, 0, 0, 0, 0]);
  // Of the picture's size, and yet another part.
  expect(reds(cut(image, { x: 1, y: 0, width: 2, height: 1 }).data)).toEqual([20, 20]);
});

it('what of a frame its source is, is known at any working size', () => {
  const source = { width: 4, height: 2 };
  expect(regionOfSource({ source, box: { x: 1, y: 0, width: 3, height: 2 }, working: source })).toBeNull();
  const region = regionOfSource({
    source,
    box: { x: -2, y: 0, width: 8, height: 3 },
    working: { width: 16, height: 6 },
  })!;
  const across = [...region.levels.subarray(0, 16)];
  expect(across).toEqual([0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]);
  expect([...region.levels.subarray(4 * 16)].every((level) => level === 0)).toBe(true);
  expect(region.levels[3 * 16 + 5]).toBe(255);
});
