import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillFromAround } from '../../src/pixels/fill-from-around.ts';
import { type LatentMaskRule, latentMask } from '../../src/pixels/latent-mask.ts';
import type { LevelMap } from '../../src/pixels/level-map.ts';
import { blurAlong, blurDown, blurMask } from '../../src/pixels/mask-blur.ts';
import { boxOfMask, maskedRegion } from '../../src/pixels/masked-region.ts';
import { pasteWithin } from '../../src/pixels/paste.ts';
import { bytes, floats, type GoldenArray, goldenArrays, goldenJson, maxAbsDifference } from '../support/golden.ts';

const masks = goldenArrays('adapters', 'latent', 'masks.safetensors');

function levelMap(arrays: ReadonlyMap<string, GoldenArray>, name: string): LevelMap {
  const [height = 0, width = 0] = arrays.get(name)!.dims;
  return { width, height, levels: bytes(arrays, name) };
}

const names = [...masks.keys()].flatMap((name) => (name.startsWith('mask.') ? [name.slice('mask.'.length)] : []));

describe('masks at the size of latents', () => {
  const rules: readonly [string, LatentMaskRule, number][] = [
    ['a1111', 'rounded', 0],
    ['a1111_soft', 'grey', 1 / 255 + 1e-6],
    ['diffusers', 'nearest', 0],
  ];
  const cases = names.flatMap((name) => rules.map((rule) => [name, ...rule] as const));

  it.each(cases)('mask %s by the rule %s', (name, reference, rule, tolerance) => {
    const expected = masks.get(`${name}/${reference}`)!;
    const [height = 0, width = 0] = expected.dims;
    const actual = latentMask(levelMap(masks, `mask.${name}`), { width, height }, rule);
    expect(maxAbsDifference(actual, floats(masks, `${name}/${reference}`))).toBeLessThanOrEqual(tolerance);
  });
});

describe('blurred masks', () => {
  const cases = [...masks.keys()].filter((name) => name.startsWith('blur/'));

  it.each(cases)('%s within 2 levels of A1111', (name) => {
    const [, mask = '', sigmas = ''] = name.split('/');
    const [across = 0, down = 0] = sigmas.split('x').map(Number);
    const { levels, ...size } = levelMap(masks, `mask.${mask}`);
    const along = across === 0 ? levels : blurAlong(levels, size, across);
    const blurred = down === 0 ? along : blurDown(along, size, down);
    const expected = bytes(masks, name);
    expect(maxAbsDifference(blurred, expected)).toBeLessThanOrEqual(2);
    const total = blurred.reduce((sum, level, i) => sum + Math.abs(level - expected[i]!), 0);
    expect(total / blurred.length).toBeLessThanOrEqual(0.5);
  });

  it('a mask that is not blurred is the mask', () => {
    const mask = levelMap(masks, `mask.${names[0]}`);
    expect(blurMask(mask, 0).levels).toBe(mask.levels);
  });
});

type Corners = readonly [left: number, top: number, right: number, bottom: number];

interface CropCases {
  readonly cases: readonly {
    readonly image: readonly [number, number];
    readonly mask_box: Corners;
    readonly padding: number;
    readonly target: readonly [number, number];
    readonly region: Corners;
  }[];
  readonly blur_then_box: readonly unknown[];
}

const { cases: cropCases } = goldenJson<CropCases>('adapters', 'latent', 'crop.json');

describe('the part that is drawn where only what is masked is', () => {
  it.each(cropCases.map((one) => [JSON.stringify(one), one] as const))('%s', (_, one) => {
    const [left, top, right, bottom] = one.mask_box;
    const box = { x: left, y: top, width: right - left, height: bottom - top };
    const [width, height] = one.image;
    const region = maskedRegion(box, one.padding, { width, height }, { width: one.target[0], height: one.target[1] });
    expect([region.x, region.y, region.x + region.width, region.y + region.height]).toEqual(one.region);
  });

  it('lies within the picture and holds the mask', () => {
    const side = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(side, side, side, side, fc.nat(100), fc.nat(1000), fc.nat(1000), (w, h, tw, th, padding, a, b) => {
        const width = 1 + (a % w);
        const height = 1 + (b % h);
        const box = { x: (a * 7) % (w - width + 1), y: (b * 7) % (h - height + 1), width, height };
        const region = maskedRegion(box, padding, { width: w, height: h }, { width: tw, height: th });
        expect(region.x).toBeGreaterThanOrEqual(0);
        expect(region.y).toBeGreaterThanOrEqual(0);
        expect(region.x + region.width).toBeLessThanOrEqual(w);
        expect(region.y + region.height).toBeLessThanOrEqual(h);
        expect(region.x).toBeLessThanOrEqual(box.x);
        expect(region.y).toBeLessThanOrEqual(box.y);
        expect(region.x + region.width).toBeGreaterThanOrEqual(box.x + width);
        expect(region.y + region.height).toBeGreaterThanOrEqual(box.y + height);
      }),
    );
  });

  it('is found by what of a mask is not black', () => {
    const levels = new Uint8Array(20);
    expect(boxOfMask({ width: 5, height: 4, levels })).toBeNull();
    levels[7] = 1;
    levels[13] = 255;
    expect(boxOfMask({ width: 5, height: 4, levels })).toEqual({ x: 2, y: 1, width: 2, height: 2 });
  });
});

describe('what is masked filled from around', () => {
  const arrays = goldenArrays('adapters', 'latent', 'fill.safetensors');

  it('is near to what Pillow makes of it', () => {
    const mask = levelMap(arrays, 'fill/pixels_mask');
    const { width, height } = mask;
    const filled = fillFromAround({ width, height, data: bytes(arrays, 'fill/pixels_in') }, mask).data;
    const expected = bytes(arrays, 'fill/pixels_out');
    const meanWhere = (isMeant: (level: number) => boolean): number => {
      const differences = Array.from(filled).flatMap((value, i) =>
        isMeant(mask.levels[Math.floor(i / 3)]!) ? [Math.abs(value - expected[i]!)] : [],
      );
      return differences.reduce((sum, one) => sum + one, 0) / differences.length;
    };
    expect(meanWhere((level) => level === 255)).toBeLessThanOrEqual(6);
    expect(meanWhere((level) => level === 0)).toBeLessThanOrEqual(1);
  });
});

describe('filling a large picture', () => {
  it('takes time by its pixels, and not by how widely it is blurred', () => {
    const [width, height] = [1536, 1536];
    const data = new Uint8Array(width * height * 3).fill(90);
    const levels = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 700 ? 255 : 0));
    const before = process.cpuUsage();
    const filled = fillFromAround({ width, height, data }, { width, height, levels }).data;
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(20e6);
    expect(filled.reduce((most, value) => Math.max(most, Math.abs(value - 90)), 0)).toBeLessThanOrEqual(2);
  });
});

describe('pasting', () => {
  const picture = (width: number, height: number, seed: number) => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 73 + seed * 41) % 256),
  });

  it('leaves every pixel where the mask is black, and takes every drawn one where it is white', () => {
    const source = picture(7, 5, 1);
    const box = { x: 2, y: 1, width: 4, height: 3 };
    const drawn = picture(4, 3, 2);
    const levels = Uint8Array.from({ length: 35 }, (_, i) => [0, 255, 128, 1][i % 4]!);
    const { data } = pasteWithin(source, drawn, box, { width: 7, height: 5, levels });
    for (let i = 0; i < data.length; i++) {
      const at = Math.floor(i / 3);
      const [x, y] = [(at % 7) - box.x, Math.floor(at / 7) - box.y];
      const inside = x >= 0 && y >= 0 && x < box.width && y < box.height;
      const level = inside ? levels[at]! : 0;
      const own = source.data[i]!;
      const other = inside ? drawn.data[(y * box.width + x) * 3 + (i % 3)]! : 0;
      expect(data[i]).toBe(
        level === 0 ? own : level === 255 ? other : Math.round((own * (255 - level) + other * level) / 255),
      );
    }
  });
});
