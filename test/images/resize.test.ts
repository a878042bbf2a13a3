import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { resizeModes } from '../../src/pixels/resize-mode.ts';
import { isThinLineArt, whiteMask } from '../../src/pixels/binary-map.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { borderColour, resizeMap, resizePhoto } from '../../src/images/resize.ts';

const file = (path: string): Buffer => readFileSync(new URL(`../${path}`, import.meta.url));
const scene = (name: string): Promise<RgbImage> => decodePicture(file(`diorama/scenes/${name}.png`));
const photo = (name: string): Promise<RgbImage> => decodePicture(file(`photos/${name}.png`));

function colours({ data }: RgbImage): Set<number> {
  const found = new Set<number>();
  for (let i = 0; i < data.length; i += 3) found.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
  return found;
}

function pixel({ width, data }: RgbImage, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

/** A picture whose pixel (x, y) is (x, y, 0). */
function ramp(width: number, height: number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return [at % width, Math.floor(at / width), 0][i % 3]!;
  });
  return { width, height, data };
}

/** Black, with a white square from `from` to before `to` on both axes. */
function whiteSquare(side: number, from: number, to: number): RgbImage {
  const data = new Uint8Array(side * side * 3);
  for (let y = from; y < to; y++) data.fill(255, (y * side + from) * 3, (y * side + to) * 3);
  return { width: side, height: side, data };
}

/** Sum of the first channel, and of it times x and y. */
function moments({ width, data }: RgbImage): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    const at = i / 3;
    sums[0] += data[i]!;
    sums[1] += data[i]! * (at % width);
    sums[2] += data[i]! * Math.floor(at / width);
  }
  return sums;
}

describe('resizePhoto', () => {
  it.each(resizeModes)('%s gives the size that was asked for, from any shape', async (mode) => {
    const side = fc.integer({ min: 1, max: 70 });
    await fc.assert(
      fc.asyncProperty(side, side, side, side, async (width, height, targetWidth, targetHeight) => {
        const target = { width: targetWidth, height: targetHeight };
        const resized = await resizePhoto(ramp(width, height), target, mode);
        expect(resized).toMatchObject(target);
        expect(resized.data).toHaveLength(targetWidth * targetHeight * 3);
      }),
      { numRuns: 60 },
    );
  });

  it('returns a picture of the right size as it is', async () => {
    const image = ramp(16, 24);
    for (const mode of resizeModes) expect(await resizePhoto(image, { width: 16, height: 24 }, mode)).toBe(image);
  });

  it('keeps a picture of one colour, in every mode and direction', async () => {
    const data = new Uint8Array(40 * 30 * 3).fill(137);
    for (const mode of resizeModes) {
      for (const target of [
        { width: 16, height: 24 },
        { width: 96, height: 64 },
      ]) {
        const resized = await resizePhoto({ width: 40, height: 30, data }, target, mode);
        expect(resized.data.every((value) => value === 137)).toBe(true);
      }
    }
  });

  it('averages when it shrinks, so that no pixel is skipped', async () => {
    const checks = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
    for (let i = 0; i < 64 * 64; i++) checks.data.fill(((i >> 6) ^ i) & 1 ? 255 : 0, i * 3, i * 3 + 3);
    const resized = await resizePhoto(checks, { width: 16, height: 16 }, 'stretch');
    for (const value of resized.data) expect(Math.abs(value - 127.5)).toBeLessThan(6);
  });

  it('crop cuts both sides of what is too wide', async () => {
    const resized = await resizePhoto(ramp(48, 16), { width: 16, height: 16 }, 'crop');
    expect(pixel(resized, 0, 5)).toEqual([16, 5, 0]);
    expect(pixel(resized, 15, 5)).toEqual([31, 5, 0]);
  });

  it("fill adds bars in the median colour of the picture's border", async () => {
    const image = ramp(48, 16);
    const resized = await resizePhoto(image, { width: 48, height: 48 }, 'fill');
    expect(pixel(resized, 3, 15)).toEqual([...borderColour(image)]);
    expect(pixel(resized, 3, 16)).toEqual([3, 0, 0]);
    expect(pixel(resized, 3, 31)).toEqual([3, 15, 0]);
    expect(pixel(resized, 3, 32)).toEqual([...borderColour(image)]);
  });

  it('takes the median over the four border lines', () => {
    // Columns 0..3 of row 0 and row 1, then columns 0 and 3 twice: 0 0 0 0 1 1 2 2 3 3 3 3 gives (1 + 2) / 2, cut.
    expect(borderColour(ramp(4, 2))).toEqual([1, 0, 0]);
  });

  it.each(resizeModes)('%s takes a line of 1x4000 pixels to a square', async (mode) => {
    const line = { width: 1, height: 4000, data: new Uint8Array(12_000).fill(80) };
    const square = await resizePhoto(line, { width: 512, height: 512 }, mode);
    expect(square.data).toHaveLength(512 * 512 * 3);
    expect(square.data.every((value) => value === 80)).toBe(true);
  });

  it('enlarges as OpenCV 5.0.0 does with INTER_CUBIC', async () => {
    const square = whiteSquare(32, 8, 24);
    // The values of cv2.resize along the middle row that are neither 0 nor 255.
    const expected = {
      48: { 11: 37, 12: 218, 35: 218, 36: 37 },
      64: { 15: 58, 16: 197, 47: 197, 48: 58 },
      96: { 23: 80, 24: 175, 71: 175, 72: 80 },
    };
    for (const [side, values] of Object.entries(expected)) {
      const resized = await resizePhoto(square, { width: Number(side), height: Number(side) }, 'stretch');
      for (const [x, value] of Object.entries(values)) {
        const [grey] = pixel(resized, Number(x), Number(side) / 2);
        expect(Math.abs(grey! - value)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('leaves the centre of a picture at the centre', async () => {
    const square = whiteSquare(32, 8, 24);
    for (const [width, height] of [
      [7, 12],
      [24, 16],
      [31, 33],
      [77, 20],
      [64, 512],
    ] as const) {
      const resized = await resizePhoto(square, { width, height }, 'stretch');
      const [sum, sumX, sumY] = moments(resized);
      expect(sumX / sum).toBeCloseTo(width / 2 - 0.5, 1);
      expect(sumY / sum).toBeCloseTo(height / 2 - 0.5, 1);
    }
  });
});

describe('resizeMap', () => {
  it.each(resizeModes)('%s passes a map of the right size through bit for bit', async (mode) => {
    const map = await scene('03_seg');
    expect(await resizeMap(map, map, mode)).toBe(map);
  });

  it.each(['seg', 'pose'])('adds no colours to a %s map', async (kind) => {
    for (const id of ['01', '03', '05']) {
      const map = await scene(`${id}_${kind}`);
      expect(colours(map).size).toBeLessThan(200);
      for (const side of [192, 384, 512]) {
        const resized = await resizeMap(map, { width: side, height: side }, 'stretch');
        for (const colour of colours(resized)) expect(colours(map).has(colour)).toBe(true);
      }
    }
  });

  it('adds no colours to a two-coloured map that is not black and white', async () => {
    const map = {
      width: 4,
      height: 4,
      data: Uint8Array.from({ length: 48 }, (_, i) => (i < 24 && i % 3 === 0 ? 200 : 10)),
    };
    expect(colours(await resizeMap(map, { width: 33, height: 21 }, 'stretch'))).toEqual(colours(map));
  });

  it('doubles flat areas exactly', async () => {
    const map = await scene('03_seg');
    const doubled = await resizeMap(map, { width: map.width * 2, height: map.height * 2 }, 'stretch');
    for (const [x, y] of [
      [0, 0],
      [100, 31],
      [255, 255],
      [17, 200],
    ] as const) {
      expect(pixel(doubled, 2 * x, 2 * y)).toEqual(pixel(map, x, y));
      expect(pixel(doubled, 2 * x + 1, 2 * y + 1)).toEqual(pixel(map, x, y));
    }
  });

  it.each([128, 192, 320, 512])('keeps edges two-valued and thin at %i pixels', async (side) => {
    for (const id of ['01', '03', '05']) {
      const resized = await resizeMap(await scene(`${id}_canny`), { width: side, height: side }, 'crop');
      expect(colours(resized)).toEqual(new Set([0, 0xffffff]));
      const mask = whiteMask(resized, 127);
      expect(isThinLineArt(mask, side, side)).toBe(true);
      expect(mask.includes(1)).toBe(true);
    }
  });

  it('keeps edges where they were', async () => {
    const map = await scene('03_canny');
    const doubled = await resizeMap(map, { width: map.width * 2, height: map.height * 2 }, 'stretch');
    const near = (x: number, y: number): boolean => {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) if (pixel(map, x + dx, y + dy)[0] === 255) return true;
      }
      return false;
    };
    for (let y = 2; y < doubled.height - 2; y++) {
      for (let x = 2; x < doubled.width - 2; x++) {
        if (pixel(doubled, x, y)[0] === 255) expect(near(x >> 1, y >> 1)).toBe(true);
      }
    }
  });

  it('keeps filled white shapes filled', async () => {
    const map = whiteSquare(32, 8, 24);
    const doubled = await resizeMap(map, { width: 64, height: 64 }, 'stretch');
    const white = whiteMask(doubled, 127).reduce((sum, value) => sum + value, 0);
    expect(white).toBe(32 * 32);
  });

  it('resizes continuous maps and photographs alike', async () => {
    const image = await photo('coffee');
    const target = { width: 128, height: 128 };
    expect(await resizeMap(image, target, 'crop')).toEqual(await resizePhoto(image, target, 'crop'));
  });
});
