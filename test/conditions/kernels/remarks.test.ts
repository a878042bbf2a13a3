import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { invert } from '../../../src/conditions/invert/invert.ts';
import { lineart } from '../../../src/conditions/lineart/lineart.ts';
import { lineartOptions } from '../../../src/conditions/lineart/options.ts';
import { shuffle } from '../../../src/conditions/shuffle/shuffle.ts';
import { lumaOf } from '../../../src/pixels/luma.ts';
import { otsuLevel } from '../../../src/pixels/otsu.ts';
import { threshold } from '../../../src/conditions/threshold/threshold.ts';
import { tile } from '../../../src/conditions/tile/tile.ts';
import { noNetworks } from './no-networks.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { goldenPath } from '../../support/golden.ts';

const grey: RgbImage = { width: 9, height: 7, data: new Uint8Array(9 * 7 * 3).fill(120) };

describe('kernels say', () => {
  it.each(['xdog', 'standard'] as const)('that %s found no lines', async (method) => {
    const { warnings, blank } = await lineart.extract(grey, lineartOptions.parse({ method }), noNetworks);
    expect(warnings.join()).toMatch(/no lines found/);
    expect(blank).toBe(warnings[0]);
  });

  it('that a threshold left one colour, and why', () => {
    expect(threshold.extract(grey, { level: 200, inverted: false }).warnings.join()).toMatch(/all black.*level 200/);
    expect(threshold.extract(grey, { level: null, inverted: false }).warnings.join()).toMatch(
      /all white.*one brightness/,
    );
  });
});

describe('lineart', () => {
  it('finds dark lines on white as white lines on black', async () => {
    const width = 40;
    const data = new Uint8Array(width * width * 3).fill(255);
    for (let y = 0; y < width; y++) data.fill(0, (y * width + 20) * 3, (y * width + 22) * 3);
    for (const method of ['xdog', 'standard'] as const) {
      const image = { width, height: width, data };
      const { map } = await lineart.extract(image, lineartOptions.parse({ method }), noNetworks);
      const row = [...map.data.subarray(20 * width * 3, 21 * width * 3)].filter((_, i) => i % 3 === 0);
      expect(row.map((value) => value > 100)).toEqual(row.map((_, x) => x === 20 || x === 21));
    }
  });

  it('draws brighter lines with more intensity and fewer with a higher threshold', async () => {
    const image = await decodePicture(readFileSync(new URL('input.png', import.meta.url)));
    const total = async (options: object): Promise<number> => {
      const { map } = await lineart.extract(image, lineartOptions.parse(options), noNetworks);
      return map.data.reduce((sum, value) => sum + value, 0);
    };
    expect(await total({ intensity: 2 })).toBeGreaterThan(await total({}));
    expect(await total({ threshold: 40 })).toBeLessThan(await total({}));
  });
});

describe('invert', () => {
  it('undoes itself and gives 255 minus every value', async () => {
    const image = await decodePicture(readFileSync(new URL('input.png', import.meta.url)));
    const { map } = invert.extract(image);
    expect(map.data.every((value, i) => value === 255 - image.data[i]!)).toBe(true);
    expect(Buffer.compare(invert.extract(map).map.data, image.data)).toBe(0);
  });

  it('takes pixels that do not start at a multiple of four bytes', () => {
    const data = Uint8Array.of(9, 1, 2, 3, 4, 5, 6).subarray(1);
    expect([...invert.extract({ width: 2, height: 1, data }).map.data]).toEqual([254, 253, 252, 251, 250, 249]);
  });
});

describe('lumaOf', () => {
  const names = readdirSync(goldenPath('extractors')).flatMap((file) => /^gray_(.+)\.png$/.exec(file)?.[1] ?? []);
  it('has references', () => expect(names.length).toBeGreaterThan(0));

  it.each(names)('of %s is cv2.cvtColor, every pixel', async (name) => {
    const image = await decodePicture(readFileSync(goldenPath('extractors', `img_${name}.png`)));
    const expected = await decodePicture(readFileSync(goldenPath('extractors', `gray_${name}.png`)));
    expect(lumaOf(image).values.every((value, i) => value === expected.data[i * 3])).toBe(true);
  });
});

describe('otsuLevel', () => {
  const counted = (...levels: readonly number[]): Int32Array => {
    const histogram = new Int32Array(256);
    for (const level of levels) histogram[level]!++;
    return histogram;
  };
  it('parts two classes, the lowest level of equal ones', () => {
    expect(otsuLevel(counted(10, 12, 11, 200, 201, 199))).toBe(12);
  });
  it('is 0 where there is one class', () => expect(otsuLevel(counted(50, 50, 50))).toBe(0));
});

describe('tile', () => {
  it('leaves the picture as it is with a factor of 1', async () => {
    const image = await decodePicture(readFileSync(new URL('input.png', import.meta.url)));
    expect(Buffer.compare(tile.extract(image, { factor: 1 }).map.data, image.data)).toBe(0);
  });
});

describe('shuffle', () => {
  it('draws another flow for another seed', async () => {
    const image = await decodePicture(readFileSync(new URL('input.png', import.meta.url)));
    const [a, b] = [0, 1].map((seed) => shuffle.extract(image, { seed, scale: 32 }).map.data);
    expect(Buffer.compare(a!, b!)).not.toBe(0);
  });
});
