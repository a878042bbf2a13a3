import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { growMask } from '../../../src/conditions/mask/grow.ts';
import { mask } from '../../../src/conditions/mask/mask.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import {
  annotatorCases,
  annotatorFloats,
  annotatorPicture,
  channel,
  differences,
  flatPicture,
  mirrored,
  networks,
  photo,
} from '../../support/annotators.ts';

const object = { of: 'object', invert: false, grow: 0, soft: false } as const;
const person = { ...object, of: 'person' } as const;
const casesOf = (network: string) => annotatorCases().filter(({ model }) => model === network);
const share = (values: Uint8Array): number => values.filter((value) => value === 255).length / values.length;

describe('the mask of an object', () => {
  test.each(casesOf('u2netp'))('is that of the reference: $image', async ({ input, post }) => {
    const picture = await annotatorPicture(input);
    const { map, warnings } = await mask.extract(picture, { ...object, soft: true }, networks);
    const { worst, share: differing } = differences(map.data, (await annotatorPicture(post!)).data);
    // The network is equal to 2e-5, which can turn a value over that lies at the border of two levels.
    expect(worst).toBeLessThanOrEqual(1);
    expect(differing).toBeLessThan(0.001);
    expect(warnings).toEqual([]);
  });

  test('is mirrored with the picture', async () => {
    const picture = await photo('coffee');
    const [there, back] = await Promise.all(
      [picture, mirrored(picture)].map(async (image) => (await mask.extract(image, object, networks)).map),
    );
    expect(differences(mirrored(back!).data, there!.data).share).toBeLessThan(0.01);
  });

  test('is called a guess where nothing stands out', async () => {
    const { warnings } = await mask.extract(flatPicture(64, 64, 128), object, networks);
    expect(warnings.at(-1)).toContain('no main object stands out');
  });
});

describe('the mask of a person', () => {
  test.each(casesOf('selfie_segmentation'))('is that of the reference: $image', async ({ input, outputs }) => {
    const { map, data } = await mask.extract(await annotatorPicture(input), person, networks);
    const expected = annotatorFloats(outputs['mask']!);
    const certain = channel(map).filter((_, i) => Math.abs(expected[i]! - 0.5) > 1e-4);
    expect(certain).toEqual(
      Uint8Array.from(
        expected.filter((value) => Math.abs(value - 0.5) > 1e-4),
        (value) => (value > 0.5 ? 255 : 0),
      ),
    );
    expect(data?.['share']).toBeCloseTo(share(channel(map)), 6);
    expect(share(channel(map))).toBeGreaterThan(0.3);
  });

  test('is the other way round where it is inverted', async () => {
    const picture = await annotatorPicture('selfie_astronaut.in.png');
    const [plain, inverted] = await Promise.all([
      mask.extract(picture, person, networks),
      mask.extract(picture, { ...person, invert: true }, networks),
    ]);
    expect(inverted.map.data).toEqual(plain.map.data.map((value) => 255 - value));
    expect(inverted.data).toEqual(plain.data);
  });

  test('is empty, with the reason, where nobody is', async () => {
    const { map, warnings } = await mask.extract(await photo('rocket'), person, networks);
    expect(share(channel(map))).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('no person found')]);
  });
});

describe('growing', () => {
  const bits = fc.uint8Array({ min: 0, max: 1, minLength: 48, maxLength: 48 });
  const size = { width: 8, height: 6 };
  const black = Uint8Array.of(...Array<number>(25).fill(0));

  test('widens a pixel to a disc', () => {
    const dot = black.with(12, 255);
    const disc = growMask(dot, { width: 5, height: 5 }, 2);
    const rows = Array.from({ length: 5 }, (_, y) =>
      [...disc.subarray(y * 5, y * 5 + 5)].map((value) => (value === 255 ? '#' : '.')).join(''),
    );
    expect(rows).toEqual(['..#..', '.###.', '#####', '.###.', '..#..']);
    expect(growMask(disc, { width: 5, height: 5 }, -2)).toEqual(dot);
  });

  test('takes every pixel within the radius and no other', () => {
    fc.assert(
      fc.property(bits, fc.integer({ min: 0, max: 6 }), (pixels, radius) => {
        const mask = pixels.map((bit) => bit * 255);
        const near = (i: number): boolean =>
          mask.some((value, j) => {
            const [dx, dy] = [(i % 8) - (j % 8), Math.floor(i / 8) - Math.floor(j / 8)];
            return value === 255 && dx * dx + dy * dy <= radius * radius;
          });
        expect(growMask(mask, size, radius)).toEqual(mask.map((_, i) => (near(i) ? 255 : 0)));
      }),
      { numRuns: 100 },
    );
  });

  test('below 0 grows the black', () => {
    fc.assert(
      fc.property(bits, fc.integer({ min: 0, max: 6 }), (pixels, radius) => {
        const mask = pixels.map((bit) => bit * 255);
        const inverse = mask.map((value) => 255 - value);
        expect(growMask(mask, size, -radius)).toEqual(growMask(inverse, size, radius).map((value) => 255 - value));
      }),
      { numRuns: 50 },
    );
  });

  test('is refused for a soft mask', () => {
    expect(() => parseOptions(conditions.mask, { soft: true, grow: 3 })).toThrow(/grow needs a hard mask/);
  });
});
