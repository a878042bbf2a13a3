import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildControlNet,
  buildHintEncoder,
  buildTaesdDecoder,
  buildTaesdEncoder,
  buildTextEncoder,
  buildUNet,
  buildVaeDecoder,
  buildVaeEncoder,
  type ControlNetConfig,
  featurePlaces,
  injectionPoints,
  type NetworkPart,
} from '../../src/graph/compiler/index.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { createSession, type NetworkSession } from '../../src/runtime/index.ts';
import {
  type BaseCheckpoint,
  openBaseCheckpoint,
  openControlNetCheckpoint,
  openT2iAdapterCheckpoint,
  type TextEncoderPart,
} from '../../src/weights/checkpoint.ts';
import { openTaesdCheckpoint, type TaesdCheckpoint } from '../../src/weights/layouts/taesd.ts';
import { goldenModels, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { GoldenModel, runOnce } from './golden-model.ts';

/** Tolerances of test/golden/models/README.md. */
const textTolerance = 2e-5;
const tolerance = 5e-5;

const settings = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };

const opened = await Promise.all(
  goldenModels().map(async (name) => {
    // A network alone: an AutoencoderTiny.
    if (existsSync(goldenPath('models', name, 'config.json'))) {
      return { name, taesd: await openTaesdCheckpoint(goldenPath('models', name)) };
    }
    if (!existsSync(goldenPath('models', name, 'unet'))) return { name, reason: 'no UNet' };
    return openBaseCheckpoint(goldenPath('models', name)).then(
      (checkpoint) => ({ name, checkpoint }),
      (error: unknown) => ({ name, reason: String(error), error }),
    );
  }),
);

const unbuilt = opened.flatMap((model) => ('reason' in model && model.reason !== undefined ? [model] : []));
if (unbuilt.length > 0) {
  describe('models of kinds that are not built', () => {
    for (const model of unbuilt) {
      const references = Object.keys(new GoldenModel(model.name).index).length;
      test(`${model.name}: outside, ${references} references`, () => {
        console.log(`outside: ${model.name}, ${references} references (${model.reason})`);
        if ('error' in model) expect(model.error).toMatchObject({ code: 'not_supported_yet' });
      });
    }
  });
}

for (const model of opened) {
  if ('checkpoint' in model) describe(model.name, () => modelTests(new GoldenModel(model.name), model.checkpoint));
  const { name, taesd } = { taesd: undefined, ...model };
  if (taesd !== undefined) describe(name, () => taesdTests(new GoldenModel(name), taesd));
}

function modelTests(golden: GoldenModel, checkpoint: BaseCheckpoint): void {
  checkpoint.textEncoders.forEach((encoder, index) => {
    const te = index === 0 ? 'te' : `te${index + 1}`;
    if (golden.has(`${te}/input_ids`)) test(encoder.name, () => textEncoderTest(golden, encoder, te));
  });
  if (golden.matches(/^(vae)\//).length > 0) describe('VAE', () => vaeTests(golden, checkpoint));
  describe('UNet and ControlNets', () => unetTests(golden, checkpoint));
  afterAll(() => {
    console.log(`${golden.name}: ${Object.keys(golden.index).length} references`);
    expect(golden.unused).toEqual([]);
  });
}

async function textEncoderTest(golden: GoldenModel, encoder: TextEncoderPart, te: string): Promise<void> {
  const normed = { ...encoder, config: { ...encoder.config, context: 'last' as const } };
  const input = { input_ids: golden.integers(`${te}/input_ids`) };
  const out = await runOnce(buildTextEncoder(normed, { hiddenStates: true }), input);
  const expectClose = (actual: Tensor | undefined, name: string): void =>
    expect(maxAbsDifference(actual?.data ?? [], golden.tensor(name).data), name).toBeLessThanOrEqual(textTolerance);
  expectClose(out['context'], `${te}/last_hidden_state`);
  if (golden.has(`${te}/pooler_output`)) expectClose(out['pooled'], `${te}/pooler_output`);
  if (golden.has(`${te}/text_embeds`)) expectClose(out['embeds'], `${te}/text_embeds`);
  for (const hidden of golden.matches(new RegExp(`^${te}/(hidden\\.\\d+)$`)))
    expectClose(out[hidden], `${te}/${hidden}`);
  if (encoder.config.context === 'last') return;
  const { context } = await runOnce(buildTextEncoder(encoder), input);
  expectClose(context, `${te}/hidden.${encoder.config.layers - 1}`);
}

function vaeTests(golden: GoldenModel, { vae }: BaseCheckpoint): void {
  const { scalingFactor } = vae.config;
  const decode = async (latent: Tensor): Promise<Tensor> => {
    const { image } = await runOnce(buildVaeDecoder(vae), { latent });
    return image as Tensor;
  };
  for (const size of golden.matches(/^vae\/([^/]+)\/latent$/)) {
    const name = (part: string): string => `vae/${size}/${part}`;
    test(`decodes ${size}`, async () => {
      expectEqual(await decode(golden.tensor(name('latent'))), golden.tensor(name('decoded')));
      if (!golden.has(name('decoded_of_scaled'))) return;
      const scaled = golden.mapped(name('latent'), (value) => value / scalingFactor);
      expectEqual(await decode(scaled), golden.tensor(name('decoded_of_scaled')));
    });
    test(`encodes ${size}`, async () => {
      const image = golden.mapped(name('image_u8'), (value) => (value / 255) * 2 - 1);
      const { mean, logvar } = (await runOnce(buildVaeEncoder(vae), { image })) as Record<'mean' | 'logvar', Tensor>;
      expectEqual(mean, golden.tensor(name('mean')));
      expectEqual(logvar, golden.tensor(name('logvar')));
      if (!golden.has(name('eps'))) return;
      const noise = golden.tensor(name('eps')).data;
      const data = mean.data.map(
        (value, i) => (value + Math.exp((logvar.data[i] as number) / 2) * (noise[i] as number)) * scalingFactor,
      );
      expectEqual({ dims: mean.dims, data }, golden.tensor(name('sampled_scaled')));
    });
  }
}

function taesdTests(golden: GoldenModel, { taesd }: TaesdCheckpoint): void {
  for (const size of golden.matches(/^vae\/([^/]+)\/latent$/)) {
    const name = (part: string): string => `vae/${size}/${part}`;
    test(`decodes ${size}`, async () => {
      const { image } = await runOnce(buildTaesdDecoder(taesd), { latent: golden.tensor(name('latent')) });
      expectEqual(image as Tensor, golden.tensor(name('decoded')));
    });
    test(`encodes ${size}`, async () => {
      const image = golden.mapped(name('image_u8'), (value) => (value / 255) * 2 - 1);
      const { latent } = await runOnce(buildTaesdEncoder(taesd), { image });
      expectEqual(latent as Tensor, golden.tensor(name('encoded')));
    });
  }
  afterAll(() => expect(golden.unused).toEqual([]));
}

interface LoadedControlNet {
  readonly part: NetworkPart<ControlNetConfig>;
  readonly session: NetworkSession;
  readonly hint: NetworkSession;
}

function unetTests(golden: GoldenModel, checkpoint: BaseCheckpoint): void {
  const points = injectionPoints(checkpoint.unet.config);
  const controlNets = new Map<string, LoadedControlNet>();
  let unet: NetworkSession;

  beforeAll(async () => {
    unet = await createSession(buildUNet(checkpoint.unet), settings);
    for (const letter of golden.matches(/\/cond_([a-z])_u8$/)) {
      const path = goldenPath('models', golden.name, `controlnet-${letter}`);
      const { controlnet: part } = await openControlNetCheckpoint(path);
      const session = await createSession(buildControlNet(part), settings);
      controlNets.set(letter, { part, session, hint: await createSession(buildHintEncoder(part), settings) });
    }
  });
  afterAll(async () => {
    await unet.release();
    for (const { session, hint } of controlNets.values()) await Promise.all([session.release(), hint.release()]);
  });

  const given = (size: string, timestep = 'timestep') => ({
    sample: golden.tensor(`unet/${size}/sample`),
    timestep: golden.mapped(`unet/${size}/${timestep}`),
    encoder_hidden_states: golden.tensor(`unet/${size}/encoder_hidden_states`),
    ...(checkpoint.unet.config.added === null
      ? {}
      : { text_embeds: golden.tensor('unet/text_embeds'), time_ids: golden.tensor('unet/time_ids') }),
  });

  const denoise = async (size: string, residuals: readonly Tensor[], timestep = 'timestep'): Promise<Tensor> => {
    const fed = points.map((_, index) => [`residual.${index}`, residuals[index] ?? none]);
    const { out } = await unet.run({ ...given(size, timestep), ...Object.fromEntries(fed) });
    return out as Tensor;
  };

  const hintOf = async (size: string, letter: string): Promise<Tensor> => {
    const image = golden.mapped(`cn/${size}/cond_${letter}_u8`, (value) => value / 255);
    const { hint } = await (controlNets.get(letter) as LoadedControlNet).hint.run({ image });
    return hint as Tensor;
  };

  /** `weight` of each row and injection point. */
  const control = async (
    size: string,
    letter: string,
    weight: (row: number, point: number) => number,
    session = (controlNets.get(letter) as LoadedControlNet).session,
  ): Promise<readonly Tensor[]> => {
    const rows = golden.index[`unet/${size}/sample`]?.[0] ?? 0;
    const scale = Float32Array.from({ length: rows * points.length }, (_, i) =>
      weight(Math.floor(i / points.length), i % points.length),
    );
    const hint = await hintOf(size, letter);
    const out = await session.run({ ...given(size), hint, scale: { dims: [rows, points.length], data: scale } });
    return points.map((_, index) => out[`residual.${index}`] as Tensor);
  };

  const expectResiduals = (actual: readonly Tensor[], prefix: string): void => {
    points.forEach((_, index) => {
      const name = `${prefix}/${index === points.length - 1 ? 'mid' : `down.${index}`}`;
      if (golden.has(name)) expectEqual(actual[index] as Tensor, golden.tensor(name), name);
    });
  };

  for (const size of golden.matches(/^unet\/([^/]+)\/out$/)) {
    test(`UNet ${size}, another timestep in each row`, async () => {
      expectEqual(await denoise(size, []), golden.tensor(`unet/${size}/out`));
      if (!golden.has(`unet/${size}/timestep_float`)) return;
      expectEqual(await denoise(size, [], 'timestep_float'), golden.tensor(`unet/${size}/out_timestep_float`));
    });
    for (const letter of golden.matches(new RegExp(`^cn-([a-z])/${size}/`))) {
      test(`ControlNet ${letter} ${size}`, async () => {
        expectResiduals(await control(size, letter, () => 1), `cn-${letter}/${size}`);
        const hint = `cn-${letter}/${size}/cond_embedding`;
        if (golden.has(hint)) expectEqual(await hintOf(size, letter), golden.tensor(hint));
      });
    }
    for (const out of golden.matches(new RegExp(`^unet/${size}/(out_cn-.+)$`))) {
      test(`${out} ${size}`, async () => {
        expectEqual(await denoise(size, await residualsOf(size, out)), golden.tensor(`unet/${size}/${out}`));
      });
    }
  }

  for (const size of golden.matches(/^t2i\/([^/]+)\//)) {
    test(`T2I-Adapter ${size}`, async () => {
      const { part } = await openT2iAdapterCheckpoint(goldenPath('models', golden.name, 't2i_adapter'));
      // What it was made of is not kept: that is drawn in test/pipeline.
      const features = part.config.levels.map((_, level) => golden.tensor(`t2i/${size}/feature.${level}`));
      for (const out of golden.matches(new RegExp(`^unet/${size}/(out_t2i_.+)$`))) {
        const scale = Number(out.slice('out_t2i_'.length));
        const scaled = features.map(({ dims, data }) => ({ dims, data: data.map((value) => value * scale) }));
        const session = await createSession(buildUNet(checkpoint.unet, { features: true }), settings);
        const fed = [
          ...points.map((_, index) => [`residual.${index}`, none] as const),
          ...featurePlaces(checkpoint.unet.config).map(
            (_, index) => [`feature.${index}`, scaled[index] ?? none] as const,
          ),
        ];
        const result = await session.run({ ...given(size), ...Object.fromEntries(fed) });
        await session.release();
        expectEqual(result['out'] as Tensor, golden.tensor(`unet/${size}/${out}`));
      }
    });
  }

  /** The ControlNets and scales that the name of a reference tells of, such as out_cn-a_0.7_cn-b_1.3. */
  async function residualsOf(size: string, out: string): Promise<readonly Tensor[]> {
    const special = /^out_cn-([a-z])_(per_sample|guess|pooled)_([\d._]+)$/.exec(out);
    if (special === null) {
      const each = [...out.matchAll(/cn-([a-z])_([\d.]+)/g)].map(([, letter = '', scale]) =>
        control(size, letter, () => Number(scale)),
      );
      return sum(await Promise.all(each));
    }
    const [, letter = '', kind = '', numbers = ''] = special;
    const scales = numbers.split('_').map(Number);
    const scale = scales[0] as number;
    if (kind === 'per_sample') return control(size, letter, (row) => scales[row] as number);
    if (kind === 'guess') {
      const residuals = await control(size, letter, (_, point) => scale * 10 ** (point / (points.length - 1) - 1));
      expectResiduals(residuals, `cn-${letter}/${size}/guess_${numbers}`);
      return residuals;
    }
    const { part } = controlNets.get(letter) as LoadedControlNet;
    const pooling = { ...part, config: { ...part.config, globalPoolConditions: true } };
    const session = await createSession(buildControlNet(pooling), settings);
    const residuals = await control(size, letter, () => scale, session);
    await session.release();
    expectResiduals(residuals, `cn-${letter}/${size}/pooled_${numbers}`);
    return residuals;
  }
}

function sum(controls: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = [], ...others] = controls;
  return first.map(({ dims, data }, index) => ({
    dims,
    data: data.map((value, i) => others.reduce((total, other) => total + (other[index]?.data[i] as number), value)),
  }));
}

function expectEqual(actual: Tensor, expected: Tensor, name?: string): void {
  expect(actual.dims, name).toEqual(expected.dims);
  expect(maxAbsDifference(actual.data, expected.data), name).toBeLessThanOrEqual(tolerance);
}
