import { describe, expect, test } from 'vitest';
import { normal } from '../../../src/conditions/normal/normal.ts';
import { normalColours, surfaceNormals } from '../../../src/conditions/normal/surface-normals.ts';
import { channel, differences, networks, photo } from '../../support/annotators.ts';
import { floats, goldenArrays } from '../../support/golden.ts';

const defaults = { network: 'fastdepth', colours: 'normalbae', background_threshold: 0.1, strength: 1 } as const;
const front = 2 * Math.PI;

describe('normals of a relief', () => {
  const arrays = goldenArrays('extractors', 'depth_normal.safetensors');
  const cases = [...arrays.keys()].filter((name) => name.startsWith('normal_rgb.')).map((name) => name.split('.')[1]!);

  test.each(cases)('are those of ControlNet 1.0: %s', (index) => {
    const [height, width] = arrays.get(`depth.${index}`)!.dims as [number, number];
    const normals = surfaceNormals(floats(arrays, `depth.${index}`), { width, height }, front, 0.1);
    const expected = arrays.get(`normal_rgb.${index}`)!.data as Uint8Array;
    const { worst, share } = differences(normalColours(normals, 'midas'), expected);
    // By the golden's README: one level on at most 0.1 % of the values, as sums run in float32 there.
    expect(worst).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  /** A roof: nearness falls off from the middle column to both sides. */
  const roof = Float32Array.from({ length: 35 }, (_, i) => 10 - Math.abs((i % 7) - 3));

  test('have length 1 and point the way that the colours say', () => {
    const normals = surfaceNormals(roof, { width: 7, height: 5 }, front, 0);
    for (let i = 0; i < normals.length; i += 3) {
      expect(Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!)).toBeCloseTo(1, 6);
    }
    const at = (x: number): Float32Array => normals.subarray((14 + x) * 3, (14 + x) * 3 + 3);
    // Left of the ridge the surface faces left; on it, the camera.
    expect(at(1)[0]).toBeGreaterThan(0.5);
    expect(at(5)[0]).toBe(-at(1)[0]!);
    expect([...at(3)]).toEqual([0, 0, 1]);
    expect([...normalColours(at(1), 'normalbae')]).toEqual([...normalColours(at(1), 'midas')].toReversed());
    expect(normalColours(at(1), 'normalbae')[0]).toBeGreaterThan(190);
  });

  test('face the camera in the background', () => {
    const normals = surfaceNormals(roof, { width: 7, height: 5 }, front, 1);
    expect([...normals.subarray(3, 6)]).toEqual([0, 0, 1]);
  });

  test.each([
    [1, 1],
    [1, 50],
    [50, 1],
  ])('are numbers on a strip of %i x %i', (width, height) => {
    const relief = Float32Array.from({ length: width * height }, (_, i) => i % 7);
    const normals = surfaceNormals(relief, { width, height }, front, 0.1);
    expect(normals.every((value) => value >= -1 && value <= 1)).toBe(true);
  });
});

describe('normals of a photograph', () => {
  test('are directions of length 1 in every pixel, most of them towards the camera', async () => {
    const { map, warnings } = await normal.extract(await photo('coffee'), defaults, networks);
    const blue = channel(map, 2);
    expect(blue.every((value) => value >= 127)).toBe(true);
    for (let i = 0; i < map.data.length; i += 3) {
      const length = Math.hypot(...[0, 1, 2].map((c) => (map.data[i + c]! - 127.5) / 127.5));
      expect(Math.abs(length - 1)).toBeLessThan(0.02);
    }
    expect(warnings).toEqual([]);
  });

  test('turn away from the camera as the strength grows', async () => {
    const image = await photo('coffee');
    const depths = await Promise.all(
      [0.2, 1, 5].map(async (strength) => {
        const { map } = await normal.extract(image, { ...defaults, strength }, networks);
        return channel(map, 2).reduce((sum, value) => sum + value, 0);
      }),
    );
    expect(depths).toEqual(depths.toSorted((a, b) => b - a));
  });

  test('are already there where the picture is a normal map', async () => {
    const { map } = await normal.extract(await photo('coffee'), defaults, networks);
    const again = await normal.extract(map, defaults, networks);
    expect(again.warnings).toEqual([expect.stringContaining('already looks like a normal map')]);
  });
});
