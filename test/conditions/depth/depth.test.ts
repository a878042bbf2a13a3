import { describe, expect, test } from 'vitest';
import { depth, depthLevels } from '../../../src/conditions/depth/depth.ts';
import { percentiles } from '../../../src/numeric/percentile.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { resizeTo } from '../../../src/conditions/networks/network-input.ts';
import { annotatorCases, annotatorPicture, channel, differences, networks, photo } from '../../support/annotators.ts';

const defaults = { network: 'fastdepth', far: 2, near: 98, gamma: 1, invert: false };

describe('depth', () => {
  test.each(annotatorCases().filter(({ model }) => model === 'fastdepth'))(
    'is that of the reference: $image',
    async ({ input, post }) => {
      const { map, warnings } = await depth.extract(await annotatorPicture(input), defaults, networks);
      const { worst, share } = differences(map.data, (await annotatorPicture(post!)).data);
      // The reference computes in float32 and rounds halves to even: some levels are off by one.
      expect(worst).toBeLessThanOrEqual(1);
      expect(share).toBeLessThan(0.001);
      expect(warnings).toEqual([]);
    },
  );

  test('has the size of the picture, and the same content at twice the size', async () => {
    const picture = await photo('coffee');
    const { map } = await depth.extract(picture, defaults, networks);
    const large = await depth.extract(resizeTo(picture, { width: 768, height: 512 }), defaults, networks);
    expect([map.width, map.height, large.map.width, large.map.height]).toEqual([384, 256, 768, 512]);
    // The network sees both at 224 x 224; the larger one went through one more interpolation.
    expect(differences(resizeTo(large.map, map).data, map.data).mean).toBeLessThan(10);
  });

  test('shows a cup nearer than the table behind it', async () => {
    const { map } = await depth.extract(await photo('coffee'), defaults, networks);
    const at = (x: number, y: number): number => channel(map)[y * map.width + x]!;
    expect(at(180, 90)).toBeGreaterThan(at(20, 30) + 50);
  });
});

describe('grey levels of depth', () => {
  const nearness = Float32Array.from({ length: 101 }, (_, i) => i / 10);

  test('lie between the percentiles', () => {
    const levels = depthLevels(nearness, { ...defaults, far: 10, near: 60 });
    expect([levels[0], levels[10], levels[60], levels[100]]).toEqual([0, 0, 1, 1]);
    expect(levels[35]).toBeCloseTo(0.5, 6);
  });

  test('are bent by gamma and turned by invert', () => {
    const levels = (options: object) => depthLevels(nearness, { ...defaults, far: 0, near: 100, ...options })[50]!;
    expect(levels({})).toBeCloseTo(0.5, 6);
    expect(levels({ gamma: 2 })).toBeCloseTo(0.25, 6);
    expect(levels({ gamma: 0.5 })).toBeCloseTo(Math.SQRT1_2, 6);
    expect(levels({ gamma: 2, invert: true })).toBeCloseTo(0.75, 6);
  });

  test('are 0 where everything lies at one distance', () => {
    expect([...depthLevels(new Float32Array(9).fill(3), defaults)]).toEqual(Array(9).fill(0));
  });

  test('come from percentiles as NumPy takes them', () => {
    // numpy.percentile([4, 1, 3, 2], [0, 25, 50, 98, 100])
    expect(percentiles(Float32Array.of(4, 1, 3, 2), [0, 25, 50, 98, 100])).toEqual([1, 1.75, 2.5, 3.94, 4]);
  });

  test('need far below near', () => {
    expect(() => parseOptions(conditions.depth, { far: 98 })).toThrow(/far must be below near/);
  });
});
