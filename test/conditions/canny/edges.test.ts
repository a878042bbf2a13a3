import { readdirSync, readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cannyEdges } from '../../../src/conditions/canny/edges.ts';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { goldenPath } from '../../support/golden.ts';

const goldenName = /^(?<picture>.+)_(?<kind>rgb|gray)_(?<low>\d+)_(?<high>\d+)_(?<norm>L1|L2)\.png$/;
const folder = goldenPath('extractors', 'canny');

describe('cannyEdges against cv2.Canny', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.png'));
  it('has references', () => expect(files.length).toBeGreaterThan(0));

  it.each(files)('%s, every pixel', async (file) => {
    const { picture, kind, low, high, norm } = goldenName.exec(file)!.groups!;
    const input = goldenPath('extractors', `${kind === 'rgb' ? 'img' : 'gray'}_${picture}.png`);
    const image = await decodePicture(readFileSync(input));
    const edges = cannyEdges(image, { low: Number(low), high: Number(high), l2: norm === 'L2' });
    const expected = firstChannel(await decodePicture(readFileSync(`${folder}/${file}`)));
    expect(differing(edges, expected)).toBe(0);
  });
});

describe('cannyEdges on any picture', () => {
  const thresholds = fc.record({
    low: fc.double({ min: 0, max: 2040, noNaN: true }),
    high: fc.double({ min: 0, max: 2040, noNaN: true }),
    l2: fc.boolean(),
  });
  const pictures = fc
    .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }))
    .chain(([width, height]) => noise(width, height));

  it('gives one value a pixel, 0 or 255', () => {
    fc.assert(
      fc.property(pictures, thresholds, (image, limits) => {
        const edges = cannyEdges(image, limits);
        return edges.length === image.width * image.height && edges.every((value) => value === 0 || value === 255);
      }),
    );
  });

  it('finds nothing in a picture of one colour, whatever its size', () => {
    const sizes = fc.constantFrom([1, 1], [1, 4000], [4000, 1], [2, 3], [64, 48]);
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 255 }), thresholds, ([width, height], value, limits) => {
        const image = { width, height, data: new Uint8Array(width * height * 3).fill(value) };
        return !cannyEdges(image, limits).includes(255);
      }),
    );
  });

  it('takes the two thresholds in either order', () => {
    fc.assert(
      fc.property(pictures, thresholds, (image, { low, high, l2 }) => {
        const swapped = cannyEdges(image, { low: high, high: low, l2 });
        return differing(cannyEdges(image, { low, high, l2 }), swapped) === 0;
      }),
    );
  });

  it('finds every edge again with lower thresholds', () => {
    fc.assert(
      fc.property(pictures, thresholds, (image, { low, high, l2 }) => {
        const fewer = cannyEdges(image, { low, high, l2 });
        const more = cannyEdges(image, { low: low / 2, high: high / 2, l2 });
        return fewer.every((value, i) => value === 0 || more[i] === 255);
      }),
    );
  });

  it('marks the one step of a picture of 1x4000', () => {
    const image = { width: 1, height: 4000, data: new Uint8Array(12_000).fill(255, 6000) };
    const edges = cannyEdges(image, { low: 100, high: 200, l2: false });
    expect(edges.filter((value) => value === 255)).toHaveLength(1);
    expect(edges[1999]).toBe(255);
  });

  // Between two equal neighbours the one to the left or above wins, and which one that is changes when the picture turns.
  // That tie rule is the only asymmetry: where no neighbours tie, edges turn with the picture.
  it('commutes with a quarter turn where no two neighbouring magnitudes are equal', () => {
    const small = fc
      .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
      .chain(([width, height]) => noise(width, height));
    fc.assert(
      fc.property(small, thresholds, (image, limits) => {
        fc.pre(!hasTies(image, limits.l2));
        const turned = rotate(spread(cannyEdges(image, limits), image));
        return differing(cannyEdges(rotate(image), limits), firstChannel(turned)) === 0;
      }),
      { maxSkipsPerRun: 1000 },
    );
  });
});

/** Magnitudes by the textbook, one pixel at a time: the largest of the three channels, Sobel 3x3, replicated border. */
function magnitudes({ width, height, data }: RgbImage, l2: boolean): number[] {
  const value = (x: number, y: number, channel: number): number => {
    const column = Math.min(Math.max(x, 0), width - 1);
    return data[(Math.min(Math.max(y, 0), height - 1) * width + column) * 3 + channel]!;
  };
  const norm = (x: number, y: number, channel: number): number => {
    const at = (right: number, down: number): number => value(x + right, y + down, channel);
    const dx = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
    const dy = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
    return l2 ? dx * dx + dy * dy : Math.abs(dx) + Math.abs(dy);
  };
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Math.max(norm(x, y, 0), norm(x, y, 1), norm(x, y, 2));
  });
}

function hasTies(image: RgbImage, l2: boolean): boolean {
  const { width } = image;
  const all = magnitudes(image, l2);
  return all.some((value, i) => (i % width > 0 && value === all[i - 1]) || value === all[i - width]);
}

function noise(width: number, height: number): fc.Arbitrary<RgbImage> {
  const length = width * height * 3;
  return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ width, height, data }));
}

function spread(values: Uint8Array, { width, height }: RgbImage): RgbImage {
  return { width, height, data: Uint8Array.from({ length: values.length * 3 }, (_, i) => values[Math.floor(i / 3)]!) };
}

function rotate({ width, height, data }: RgbImage): RgbImage {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = (x * height + (height - 1 - y)) * 3;
      turned.set(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), to);
    }
  }
  return { width: height, height: width, data: turned };
}

function firstChannel({ data }: RgbImage): Uint8Array {
  return data.filter((_, i) => i % 3 === 0);
}

function differing(a: Uint8Array, b: Uint8Array): number {
  return a.length === b.length ? a.reduce((count, value, i) => count + (value === b[i] ? 0 : 1), 0) : Infinity;
}
