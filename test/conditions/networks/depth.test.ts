import { describe, expect, it } from 'vitest';
import { pulledNearness } from '../../../src/conditions/depth/inverse-depth.ts';
import { fit, preprocess, readPreprocessor } from '../../../src/conditions/networks/preprocessor.ts';
import { cubic } from '../../../src/numeric/resample.ts';
import { differences } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

interface Reference {
  readonly 'preprocessor_config.json': unknown;
  readonly input: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly output: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly atPictureSize: readonly number[];
}

type Size = readonly [
  width: number,
  height: number,
  side: number,
  multiple: number,
  keepAspect: boolean,
  fittedWidth: number,
  fittedHeight: number,
];

const defaults = { side: 518, multiple: 14, keepAspect: true, filter: cubic };

describe.each(['depth-anything', 'dpt'])('depth by %s', (name) => {
  const reference = readGolden<Reference>(`${name}.json`);
  const settings = { 'preprocessor_config.json': reference['preprocessor_config.json'] };
  const networks = networksFrom({ depth: { file: `${name}.onnx`, settings } });

  it('sees the picture as the reference does', () => {
    const recipe = readPreprocessor(reference['preprocessor_config.json'], 'depth', defaults);
    const { dims, data } = preprocess(photo, recipe);
    expect(dims).toEqual(reference.input.dims);
    // Five decimals were kept of the reference.
    expect(differences(data, reference.input.data).worst).toBeLessThan(1e-5);
  });

  it('gives what the reference gives', async () => {
    const network = await networks.annotator('depth');
    const data = Float32Array.from(reference.input.data);
    const { predicted_depth: depth } = await network.run({ pixel_values: { dims: reference.input.dims, data } });
    expect(depth!.dims).toEqual(reference.output.dims);
    expect(differences(depth!.data, reference.output.data).worst).toBeLessThan(2e-4);
  });

  it('comes at the size of the picture as the reference brings it there', async () => {
    const nearness = await pulledNearness(photo, 'depth', networks);
    expect(nearness).toHaveLength(photo.width * photo.height);
    expect(differences(nearness, reference.atPictureSize).worst).toBeLessThan(5e-4);
  });
});

describe('depth by a pulled network', () => {
  it('chooses the size that the reference chooses', () => {
    const { sizes } = readGolden<{ readonly sizes: readonly Size[] }>('depth-anything.json');
    for (const [width, height, side, multiple, keep, fittedWidth, fittedHeight] of sizes) {
      const fitted = fit({ width, height }, { width: side, height: side }, keep, multiple);
      expect([width, height, side, fitted]).toEqual([
        width,
        height,
        side,
        { width: fittedWidth, height: fittedHeight },
      ]);
    }
  });

  it.each([
    [1, 4000],
    [4000, 1],
    [3000, 200],
    [1, 1],
    [1_000_000, 1],
    [2, 30_000],
  ])('has bounds for a picture of %i x %i', (width, height) => {
    const fitted = fit({ width, height }, { width: 518, height: 518 }, true, 14);
    expect(Math.min(fitted.width, fitted.height)).toBeGreaterThanOrEqual(14);
    expect(fitted.width * fitted.height).toBeLessThanOrEqual(2.5 * 518 * 518);
  });

  it('has bounds where the sides of a very long picture are rounded to multiples', () => {
    const universal = { size: { shortest_edge: 640 }, size_divisor: 32 };
    const { size } = readPreprocessor(universal, 'x', defaults);
    expect(size({ width: 1000, height: 750 })).toEqual({ width: 864, height: 640 });
    for (const picture of [
      { width: 1_000_000, height: 1 },
      { width: 3, height: 50_000 },
    ]) {
      const { width, height } = size(picture);
      expect([width % 32, height % 32]).toEqual([0, 0]);
      expect(width * height).toBeLessThanOrEqual(5 * 640 * 640);
    }
  });

  it('takes a plane of another shape than its input, as some exports give', async () => {
    const plane = { dims: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const nearness = await pulledNearness(photo, 'x', answering({ depth: plane }));
    expect([nearness[0], nearness.at(-1)].map((value) => Math.round(value!))).toEqual([1, 4]);
  });

  it('refuses a network that is none for depth, and settings that cannot be followed', async () => {
    const labels = { dims: [1, 10], data: new Float32Array(10) };
    await expect(pulledNearness(photo, 'x', answering({ labels: labels }))).rejects.toThrow(
      /Expected x to be a depth network/,
    );
    const lanczos = { 'preprocessor_config.json': { resample: 1 } };
    await expect(pulledNearness(photo, 'x', answering({}, lanczos))).rejects.toThrow(
      /neither linear \(2\) nor cubic \(3\)/,
    );
    const broken = { 'preprocessor_config.json': { size: 'large' } };
    await expect(pulledNearness(photo, 'x', answering({}, broken))).rejects.toThrow(/preprocessor_config\.json of x/);
  });
});
