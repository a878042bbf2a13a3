import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { MaskedImage } from '../../../src/pixels/rgb-image.ts';
import { inpaint } from '../../../src/conditions/inpaint/inpaint.ts';
import { inspectMap } from '../../../src/conditions/contract/inspect-map.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { controlNetworks } from '../../../src/device/pooled-networks.ts';
import { decodeMasked } from '../../../src/images/decode.ts';
import { encodePicture } from '../../../src/images/encode.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { mapTensor } from '../../../src/pipeline/controls/map-tensor.ts';
import { SessionPool } from '../../../src/runtime/index.ts';
import { openControlNetCheckpoint } from '../../../src/weights/checkpoint.ts';
import { seePicture } from '../../../src/images/see-picture.ts';
import { viewOf } from '../../../src/drawing/make-map.ts';
import { smallModelPath, maxAbsDifference } from '../../support/golden.ts';

interface Array1 {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** Made by make_golden.py with diffusers. */
interface Reference {
  readonly masked: number;
  readonly features: Array1;
  readonly residuals: readonly Array1[];
}

const golden = (name: string): Uint8Array => readFileSync(new URL(`golden/${name}`, import.meta.url));
const reference = JSON.parse(Buffer.from(golden('reference.json')).toString()) as Reference;
const whole = viewOf('inpaint', 'photo', { shortSide: null });
const picture = await seePicture({ picture: golden('picture.png'), mask: golden('mask.png') }, whole);
const { map } = inpaint.extract(picture);

/** The published rule, written once more: the picture as 0..1, and -1 where the mask is above a half. */
function ruledHint(colours: MaskedImage, mask: MaskedImage): Float32Array {
  const area = colours.width * colours.height;
  return Float32Array.from({ length: 3 * area }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / area), i % area];
    return mask.data[3 * pixel]! / 255 > 0.5 ? -1 : colours.data[3 * pixel + channel]! / 255;
  });
}

describe('the hint of ControlNet’s inpaint network', () => {
  it('is the picture as 0..1 and -1 where the mask is above a half', async () => {
    const [colours, mask] = await Promise.all(['picture.png', 'mask.png'].map((name) => decodeMasked(golden(name))));
    const { dims, data } = mapTensor(map);
    expect(dims).toEqual([1, 3, map.height, map.width]);
    expect(data).toEqual(ruledHint(colours!, mask!));
    expect(data.filter((value) => value === -1)).toHaveLength(3 * reference.masked);
  });

  it.each(['png', 'webp'] as const)('keeps its mask in a file of the format %s', async (format) => {
    const file = await encodePicture(map, { format, quality: 100 });
    const back = await decodeMasked(file);
    expect(back.masked).toEqual(map.masked);
    if (format === 'png') expect(mapTensor(back)).toEqual(mapTensor(map));
  });

  it('is the same from a picture that is transparent there', async () => {
    const file = await encodePicture(picture, { format: 'png', quality: 100 });
    const read = await seePicture({ picture: file }, whole);
    expect(mapTensor(inpaint.extract(read).map)).toEqual(mapTensor(map));
  });

  it('holds nothing of what lies beneath the mask', () => {
    const other = {
      ...picture,
      data: picture.data.map((value, i) => (picture.masked![Math.floor(i / 3)] ? 7 : value)),
    };
    expect(other.data).not.toEqual(picture.data);
    expect(inpaint.extract(other).map).toEqual(map);
  });
});

describe('a ControlNet that is given it', () => {
  const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
  afterAll(async () => await pool.release());

  /** Inputs that any language makes alike. */
  const waves = (dims: readonly number[]): Tensor => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return { dims, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7)) };
  };
  const networks = async () => {
    const checkpoint = await openControlNetCheckpoint(smallModelPath('models', 'sd15-tiny', 'controlnet-a'));
    return controlNetworks(pool, 'inpaint', checkpoint);
  };

  it('gives what diffusers gives, in the hint’s features and at every injection point', async () => {
    const network = await networks();
    const features = await network.encodeHint(mapTensor(map));
    expect(features.dims).toEqual(reference.features.dims);
    expect(maxAbsDifference(features.data, reference.features.data)).toBeLessThan(5e-6);
    const [cells, points] = [[map.height / 8, map.width / 8], reference.residuals.length];
    const input = {
      sample: waves([1, 4, ...cells]),
      timestep: { dims: [1], data: Float32Array.of(500) },
      conditioning: { context: waves([1, 77, 24]) },
    };
    const scale = { dims: [1, points], data: new Float32Array(points).fill(1) };
    const residuals = await network.residuals(input, features, scale, null);
    expect(residuals.map(({ dims }) => dims)).toEqual(reference.residuals.map(({ dims }) => dims));
    for (const [point, { data }] of residuals.entries()) {
      expect(maxAbsDifference(data, reference.residuals[point]!.data), `point ${point}`).toBeLessThan(5e-5);
    }
  });

  it('gives something else for black than for masked', async () => {
    const network = await networks();
    const { masked: _masked, ...black } = map;
    const { data } = await network.encodeHint(mapTensor(black));
    expect(maxAbsDifference(data, reference.features.data)).toBeGreaterThan(1e-3);
  });
});

describe('an inpaint map', () => {
  const flat = { width: 4, height: 2, data: new Uint8Array(24).fill(9) };
  it('that has nothing or only what is to be drawn anew is blank', () => {
    expect(inpaint.extract(flat).blank).toMatch(/no part of the picture/);
    expect(inpaint.extract({ ...flat, masked: new Uint8Array(8) })).toMatchObject({ map: flat });
    expect(inpaint.extract({ ...flat, masked: new Uint8Array(8).fill(1) }).blank).toMatch(/all of the picture/);
    expect(inpaint.extract({ ...flat, masked: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0) })).toMatchObject({ warnings: [] });
  });

  it('that came ready-made is looked at', () => {
    const colours = { ...flat, data: flat.data.map((_, i) => i) };
    expect(inspectMap(conditions.inpaint, colours)).toEqual([
      expect.stringMatching(/no part of the map is transparent/),
    ]);
    expect(inspectMap(conditions.inpaint, { ...flat, masked: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0) })).toEqual([]);
    expect(inspectMap(conditions.inpaint, { ...colours, masked: new Uint8Array(8).fill(1) })).toEqual([
      expect.stringMatching(/all of the map is transparent/),
    ]);
  });
});
