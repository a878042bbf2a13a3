import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { findCondition } from '../../../src/conditions/registry.ts';
import { noNetworks } from './no-networks.ts';

/** Options besides the defaults that are worth a look on every picture. */
const variants: readonly (readonly [string, object])[] = [
  ['lineart', {}],
  ['lineart', { method: 'standard', threshold: 0, intensity: 4 }],
  ['tile', {}],
  ['tile', { factor: 3.3 }],
  ['blur', {}],
  ['blur', { sigma: 0.1 }],
  ['shuffle', {}],
  ['shuffle', { scale: 16, seed: 9 }],
  ['recolor', {}],
  ['recolor', { mode: 'intensity', gamma: 0.1 }],
  ['invert', {}],
  ['threshold', {}],
  ['threshold', { level: 255, inverted: true }],
];

async function kernel(condition: string, options: object) {
  const row = findCondition(condition);
  const extractor = await row.load!();
  const given = parseOptions(row, options);
  return async (image: RgbImage) => await extractor.extract(image, given, noNetworks);
}

const noise = (width: number, height: number): fc.Arbitrary<RgbImage> => {
  const length = width * height * 3;
  return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ width, height, data }));
};

const side = fc.integer({ min: 1, max: 20 });
const pictures = fc.tuple(side, side).chain(([width, height]) => noise(width, height));
const flat = (width: number, height: number, value: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

describe.each(variants)('%s with %j', async (condition, options) => {
  const extract = await kernel(condition, options);

  it('gives a map of the same size, leaves the picture alone and does the same again', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (image) => {
        const before = image.data.slice();
        const { map } = await extract(image);
        expect([map.width, map.height, map.data.length]).toEqual([image.width, image.height, image.data.length]);
        expect(Buffer.compare(image.data, before)).toBe(0);
        expect(Buffer.compare((await extract(image)).map.data, map.data)).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    [1, 1],
    [1, 4000],
    [4000, 1],
    [33, 20],
  ])('makes a flat map of a flat picture of %ix%i', async (width, height) => {
    for (const value of [0, 77, 255]) {
      const { map } = await extract(flat(width, height, value));
      expect(map.data.every((level) => level === map.data[0])).toBe(true);
    }
  });
});

const flips: readonly (readonly [string, (image: RgbImage) => RgbImage])[] = [
  ['mirrored', (image) => rearranged(image, image.width, image.height, (x, y) => [image.width - 1 - x, y])],
  ['upside down', (image) => rearranged(image, image.width, image.height, (x, y) => [x, image.height - 1 - y])],
  ['with rows for columns', (image) => rearranged(image, image.height, image.width, (x, y) => [y, x])],
];

/** The flow of a shuffle is laid over the picture as it stands, so it does not turn with it. */
const turning = variants.filter(([condition]) => condition !== 'shuffle');

describe.each(turning)('%s with %j', async (condition, options) => {
  const extract = await kernel(condition, options);

  // Sums of float64 in another order differ in their last bits, which may decide a rounding.
  it.each(flips)('turns with a picture that is %s', async (_, flip) => {
    await fc.assert(
      fc.asyncProperty(pictures, async (image) => {
        const turned = (await extract(flip(image))).map;
        const expected = flip((await extract(image)).map);
        return turned.data.every((value, i) => Math.abs(value - expected.data[i]!) <= 1);
      }),
      { numRuns: 10 },
    );
  });
});

function rearranged(
  image: RgbImage,
  width: number,
  height: number,
  source: (x: number, y: number) => readonly [number, number],
): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const [column, row] = source(x, y);
      const at = (row * image.width + column) * 3;
      data.set(image.data.subarray(at, at + 3), i);
    }
  }
  return { width, height, data };
}
