import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  buildControlNet,
  buildHintEncoder,
  buildT2iAdapter,
  buildTaesdDecoder,
  buildUNet,
  buildVaeDecoder,
  buildVaeEncoder,
  injectionPoints,
  type Tiling,
} from '../../../src/graph/compiler/index.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { nothing } from '../../../src/pipeline/controls/residuals.ts';
import {
  openBaseCheckpoint,
  openControlNetCheckpoint,
  openT2iAdapterCheckpoint,
} from '../../../src/weights/checkpoint.ts';
import { openTaesdCheckpoint } from '../../../src/weights/layouts/taesd.ts';
import { arraysOf, floats, maxAbsDifference, smallModelPath } from '../../support/golden.ts';
import { runOnce } from '../golden-model.ts';

const small = (...parts: readonly string[]): string => smallModelPath('models', 'sd15-tiny', ...parts);
const references = arraysOf(fileURLToPath(new URL('references.safetensors', import.meta.url)));
const reference = (name: string): Tensor => ({
  dims: references.get(name)?.dims ?? [],
  data: floats(references, name),
});
const { unet, vae } = await openBaseCheckpoint(small());
const { controlnet } = await openControlNetCheckpoint(small('controlnet-a'));
const { part: adapter } = await openT2iAdapterCheckpoint(small('t2i_adapter'));
const { taesd } = await openTaesdCheckpoint(smallModelPath('models', 'taesd-tiny'));

/** As of test/golden/models. */
const tolerance = 5e-5;
const directions: readonly Tiling[] = ['x', 'y', 'both'];
const given = {
  timestep: reference('timestep'),
  encoder_hidden_states: reference('context'),
};
const noResiduals = Object.fromEntries(injectionPoints(unet.config).map((_, point) => [`residual.${point}`, nothing]));

const denoise = async (sample: Tensor, tiling?: Tiling): Promise<Tensor> =>
  (await runOnce(buildUNet(unet, { tiling }), { sample, ...given, ...noResiduals }))['out'] as Tensor;

/** A picture whose columns, or rows, were moved on by `by`; what leaves at one edge comes in at the other. */
function rolled({ dims, data }: Tensor, axis: 2 | 3, by: number): Tensor {
  const [, , height = 0, width = 0] = dims;
  const out = new Float32Array(data.length);
  data.forEach((value, i) => {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const plane = i - y * width - x;
    const [column, row] = axis === 3 ? [(x + by) % width, y] : [x, (y + by) % height];
    out[plane + row * width + column] = value;
  });
  return { dims, data: out };
}

describe.each(directions)('networks that tile along %s', (tiling) => {
  const close = (actual: Tensor | undefined, name: string): void => {
    expect(actual?.dims, name).toEqual(reference(`${tiling}/${name}`).dims);
    expect(maxAbsDifference(actual?.data ?? [], reference(`${tiling}/${name}`).data), name).toBeLessThan(tolerance);
  };

  it('compute what torch does: a UNet', async () => {
    close(await denoise(reference('sample'), tiling), 'unet');
  });

  it('compute what torch does: a ControlNet and its hint encoder', async () => {
    const { hint } = await runOnce(buildHintEncoder(controlnet, { tiling }), { image: reference('map') });
    close(hint, 'hint');
    const points = injectionPoints(controlnet.config).length;
    const scale = { dims: [1, points], data: new Float32Array(points).fill(1) };
    const feeds = { sample: reference('sample'), ...given, hint: hint as Tensor, scale };
    const out = await runOnce(buildControlNet(controlnet, { tiling }), feeds);
    for (let point = 0; point < points; point++) close(out[`residual.${point}`], `residual.${point}`);
  });

  it('compute what torch does: both halves of an autoencoder', async () => {
    const { mean } = await runOnce(buildVaeEncoder(vae, { tiling }), { image: reference('image') });
    close(mean, 'mean');
    const sample = reference('sample');
    const latent = { dims: [1, 4, 8, 12], data: new Float32Array(384) };
    latent.data.forEach((_, i) => {
      const [x, y, channel] = [i % 12, Math.floor(i / 12) % 8, Math.floor(i / 96)];
      latent.data[i] = sample.data[channel * 16 * 24 + y * 24 + x]!;
    });
    close((await runOnce(buildVaeDecoder(vae, { tiling }), { latent }))['image'], 'decoded');
  });
});

describe('rolling what a network sees rolls what it makes', () => {
  const axes = [
    ['x', 3],
    ['y', 2],
  ] as const;
  it.each(axes)('along %s, of a UNet, and without tiling it does not', async (tiling, axis) => {
    const sample = reference('sample');
    const [plain, moved] = [await denoise(sample, tiling), await denoise(rolled(sample, axis, 8), tiling)];
    expect(maxAbsDifference(moved.data, rolled(plain, axis, 8).data)).toBeLessThan(tolerance);
    const [without, movedWithout] = [await denoise(sample), await denoise(rolled(sample, axis, 8))];
    expect(maxAbsDifference(movedWithout.data, rolled(without, axis, 8).data)).toBeGreaterThan(100 * tolerance);
  });

  it.each(axes)('along %s, of both halves of an autoencoder', async (tiling, axis) => {
    const decoder = buildVaeDecoder(vae, { tiling });
    const latent = reference('sample');
    const decoded = async (from: Tensor): Promise<Tensor> => (await runOnce(decoder, { latent: from }))['image']!;
    const [picture, moved] = [await decoded(latent), await decoded(rolled(latent, axis, 8))];
    const scale = (picture.dims[3] ?? 0) / 24;
    expect(maxAbsDifference(moved.data, rolled(picture, axis, 8 * scale).data)).toBeLessThan(tolerance);
    const encoder = buildVaeEncoder(vae, { tiling });
    const encoded = async (image: Tensor): Promise<Tensor> => (await runOnce(encoder, { image }))['mean']!;
    const [mean, movedMean] = [await encoded(picture), await encoded(moved)];
    expect(maxAbsDifference(movedMean.data, rolled(mean, axis, 8).data)).toBeLessThan(tolerance);
  });

  it.each(axes)('along %s, of a TAESD and a T2I-Adapter', async (tiling, axis) => {
    const latent = reference('sample');
    const decoded = async (from: Tensor): Promise<Tensor> =>
      (await runOnce(buildTaesdDecoder(taesd, { tiling }), { latent: from }))['image']!;
    const [picture, moved] = [await decoded(latent), await decoded(rolled(latent, axis, 8))];
    const scale = (picture.dims[3] ?? 0) / 24;
    expect(maxAbsDifference(moved.data, rolled(picture, axis, 8 * scale).data)).toBeLessThan(tolerance);

    const channels = adapter.config.conditioningChannels * adapter.config.cell ** 2;
    const cells = {
      dims: [1, channels, 16, 24],
      data: new Float32Array(channels * 384).map((_, i) => Math.sin(i * i)),
    };
    const made = async (from: Tensor): Promise<Tensor> =>
      (await runOnce(buildT2iAdapter(adapter, { tiling }), { cells: from }))['feature.1']!;
    const [features, movedFeatures] = [await made(cells), await made(rolled(cells, axis, 8))];
    const by = (8 * (features.dims[axis] ?? 0)) / (cells.dims[axis] ?? 1);
    expect(maxAbsDifference(movedFeatures.data, rolled(features, axis, by).data)).toBeLessThan(tolerance);
  });
});
