import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/conditions/contract/condition.ts';
import { boundedSize } from '../../src/conditions/networks/network-input.ts';
import { parseOptions } from '../../src/conditions/contract/options.ts';
import { conditions } from '../../src/conditions/registry.ts';
import { flatPicture, networks } from '../support/annotators.ts';

const variants: readonly (readonly [type: keyof typeof conditions, options: object])[] = [
  ['softedge', {}],
  ['softedge', { safe: true }],
  ['scribble', {}],
  ['scribble', { from: 'xdog' }],
  ['scribble', { from: 'drawing' }],
  ['mlsd', {}],
  ['depth', { gamma: 0.5, invert: true }],
  ['normal', {}],
  ['normal', { colours: 'midas', strength: 20 }],
  ['seg', {}],
  ['mask', { of: 'person', grow: 9 }],
  ['mask', { of: 'object', soft: true }],
];

const sizes = [
  [1, 1],
  [2, 3],
  [1, 4000],
  [4000, 1],
  [97, 61],
] as const;

/** A picture with something in every pixel. */
function pattern(width: number, height: number): ReturnType<typeof flatPicture> {
  const image = flatPicture(width, height, 0);
  image.data.forEach((_, i) => (image.data[i] = (i * 37 + Math.floor(i / 91) * 53) % 256));
  return image;
}

describe.each(variants)('%s %j', (type, given) => {
  const row: Condition = conditions[type];
  const options = parseOptions(row, given);

  test.each(sizes)('gives a map of the picture’s size at %i x %i', async (width, height) => {
    const extractor = await row.load!();
    const image = pattern(width, height);
    const before = image.data.slice();
    const { map, warnings } = await extractor.extract(image, options, networks);
    expect([map.width, map.height, map.data.length]).toEqual([width, height, width * height * 3]);
    expect(map.data).toBeInstanceOf(Uint8Array);
    for (const warning of warnings) expect(warning).toMatch(new RegExp(`^${type}: .*\\.$`));
    expect(Buffer.compare(image.data, before)).toBe(0);
  });

  test('warns where the picture is flat', async () => {
    const extractor = await row.load!();
    const { map, warnings, blank } = await extractor.extract(flatPicture(40, 24, 128), options, networks);
    expect(map.data).toHaveLength(40 * 24 * 3);
    expect(warnings).not.toEqual([]);
    if (blank !== undefined) expect(warnings).toContain(blank);
  });
});

describe('the size at which a network sees a picture', () => {
  test.each([
    [{ width: 100, height: 80 }, 512, { width: 100, height: 80 }],
    [{ width: 1024, height: 768 }, 512, { width: 683, height: 512 }],
    [{ width: 100, height: 40_000 }, 64, { width: 6, height: 2560 }],
    [{ width: 1, height: 4000 }, 512, { width: 1, height: 4000 }],
  ])('of %j is bounded by %i', (size, resolution, expected) => {
    expect(boundedSize(size, resolution)).toEqual(expected);
  });
});
