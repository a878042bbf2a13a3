import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  buildControlNet,
  buildTaesdDecoder,
  buildTaesdEncoder,
  buildHintEncoder,
  buildTextEncoder,
  buildUNet,
  injectionPoints,
  type NetworkPart,
  type UNetConfig,
} from '../../src/graph/compiler/index.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { type BaseCheckpoint, openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { openTaesdCheckpoint } from '../../src/weights/layouts/taesd.ts';
import { floats, type GoldenArray, goldenArrays, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { openSafetensors, readFloats, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';
import { networkSettings, settingsOf, sourceOf } from './golden-formats.ts';
import { runOnce } from './golden-model.ts';

/** Tolerance of test/golden/formats/README.md. */
const tolerance = 1e-4;

const arrays = goldenArrays('formats', 'golden.safetensors');
const tensor = (name: string): Tensor => ({ dims: array(name).dims, data: floats(arrays, name) });
const mapped = (name: string, map: (value: number) => number): Tensor => ({
  dims: array(name).dims,
  data: Float32Array.from(array(name).data as ArrayLike<number>, map),
});
const given = {
  sample: tensor('sample'),
  timestep: mapped('timestep', (value) => value),
  encoder_hidden_states: tensor('encoder_hidden_states'),
};

const model = sourceOf('sd15-tiny-ldm.safetensors');
const small = settingsOf(model);
const folder32 = temporaryFolder();
const folder = await openBaseCheckpoint(goldenPath(...model));
const singleFile = (name: string): Promise<BaseCheckpoint> => openBaseCheckpoint(goldenPath('formats', name), small);

describe('single files of SD 1.x', () => {
  test('float32: the networks are those of the folder', async () => {
    const checkpoint = await singleFile('sd15-tiny-ldm.safetensors');
    expect(checkpoint.unet.config).toEqual(folder.unet.config);
    expect(checkpoint.vae.config).toEqual(folder.vae.config);
    expect(checkpoint.textEncoders[0].config).toEqual(folder.textEncoders[0].config);
    expect(checkpoint.family).toEqual(folder.family);
    expect(maxAbsDifference(await denoised(checkpoint.unet), await denoised(folder.unet))).toBe(0);
    const ids = {
      input_ids: { dims: [1, array('input_ids').data.length], data: array('input_ids').data as Int32Array },
    };
    const text = await runOnce(buildTextEncoder(checkpoint.textEncoders[0]), ids);
    const expected = await runOnce(buildTextEncoder(folder.textEncoders[0]), ids);
    expect(maxAbsDifference(text['context']?.data ?? [], expected['context']?.data ?? [])).toBe(0);
    expect(maxAbsDifference(text['context']?.data ?? [], floats(arrays, 'te/lora-kohya/0.0'))).toBeLessThan(tolerance);
  });

  test('float16', async () => {
    const { unet } = await singleFile('sd15-tiny-ldm-fp16.safetensors');
    expect(maxAbsDifference(await denoised(unet), floats(arrays, 'unet/fp16'))).toBeLessThan(tolerance);
  });
});

describe('single files of ControlNets', () => {
  const source = sourceOf('controlnet-a-ldm.safetensors');
  const settings = networkSettings('controlnet', source);
  const open = (name: string) => openControlNetCheckpoint(goldenPath('formats', name), settings);

  test("lllyasviel's names: the network is that of the folder", async () => {
    const { controlnet } = await open('controlnet-a-ldm.safetensors');
    const reference = await openControlNetCheckpoint(goldenPath(...source));
    expect(controlnet.config).toEqual(reference.controlnet.config);
    const residuals = await controlled(controlnet);
    const expected = await controlled(reference.controlnet);
    residuals.forEach((residual, index) => {
      expect(maxAbsDifference(residual.data, expected[index]?.data ?? [])).toBe(0);
    });
  });

  test('without their prefix, in float16', async () => {
    const { controlnet } = await open('controlnet-a-bare.safetensors');
    const residuals = await controlled(controlnet);
    const middle = residuals.at(-1)?.data ?? [];
    expect(maxAbsDifference(middle, floats(arrays, 'controlnet-bare/mid'))).toBeLessThan(tolerance);
    const out = await denoised(folder.unet, residuals);
    expect(maxAbsDifference(out, floats(arrays, 'controlnet-bare/unet_out'))).toBeLessThan(tolerance);
  });

  test('bfloat16: the network is that of the same numbers in float32', async () => {
    const brain = await openSafetensors(goldenPath('formats', 'controlnet-a-ldm-bf16.safetensors'));
    const names = [...brain.tensors.keys()];
    const values = await Promise.all(names.map((name) => readTensor(brain, name)));
    const tensors = names.map((name, index) => [
      name,
      float32Tensor(brain.tensors.get(name)?.shape ?? [], values[index] ?? []),
    ]);
    const path = join(folder32, 'controlnet.safetensors');
    writeSafetensors(path, Object.fromEntries(tensors) as Parameters<typeof writeSafetensors>[1]);
    const expected = await controlled((await openControlNetCheckpoint(path, settings)).controlnet);
    const residuals = await controlled((await open('controlnet-a-ldm-bf16.safetensors')).controlnet);
    residuals.forEach((residual, index) => {
      expect(maxAbsDifference(residual.data, expected[index]?.data ?? [])).toBe(0);
    });
  });
});

describe('a single file of SDXL, in float16', async () => {
  const source = sourceOf('sdxl-tiny-sgm.safetensors');
  const path = goldenPath('formats', 'sdxl-tiny-sgm.safetensors');
  const open = async () => await openBaseCheckpoint(path, settingsOf(source));
  const whole = await openBaseCheckpoint(goldenPath(...source));

  test('the networks are those of the folder', async () => {
    const checkpoint = await open();
    expect(checkpoint.unet.config).toEqual(whole.unet.config);
    expect(checkpoint.vae.config).toEqual(whole.vae.config);
    expect(checkpoint.textEncoders.map(({ name }) => name)).toEqual(['text_encoder', 'text_encoder_2']);
    expect(checkpoint.textEncoders.map(({ config }) => config)).toEqual(whole.textEncoders.map(({ config }) => config));
    expect(checkpoint.family).toEqual(whole.family);
    expect(checkpoint.schedulerConfig).toMatchObject({ prediction_type: 'epsilon', beta_schedule: 'scaled_linear' });
    expect(checkpoint.textEncoders.map(({ tokenizer }) => tokenizer.padToken)).toEqual([undefined, '!']);
  });

  /** The weights of the folder in float16, which the file was made of. */
  const expectSameWeights = async (part: NetworkPart<unknown>, original: NetworkPart<unknown>): Promise<void> => {
    const names = [...original.weights.keys()].filter((name) => !name.endsWith('position_ids'));
    expect([...part.weights.keys()].toSorted()).toEqual(names.toSorted());
    for (const name of names) {
      const [actual, expected] = await Promise.all(
        [part, original].map(async ({ weights, weightsFolder }) => await readFloats(weightsFolder, weights.get(name)!)),
      );
      const { shape, transposed } = part.weights.get(name)!;
      const [rows = 0, columns = 0] = shape;
      const inOrder = transposed
        ? expected!.map((_, i) => expected![(i % rows) * columns + Math.floor(i / rows)]!)
        : expected!;
      const isNearest = inOrder.every((value, i) => Math.abs(value - actual![i]!) <= halfUnitOf(value));
      expect(isNearest, name).toBe(true);
    }
  };

  test('its weights are those of the folder, rounded', async () => {
    const { unet, vae, textEncoders } = await open();
    await expectSameWeights(unet, whole.unet);
    await expectSameWeights(vae, whole.vae);
    for (const [index, encoder] of textEncoders.entries()) await expectSameWeights(encoder, whole.textEncoders[index]!);
  });

  test("OpenCLIP's projection, which lies the other way round, is turned", async () => {
    const { textEncoders } = await open();
    const ids = { dims: [1, array('input_ids').data.length], data: array('input_ids').data as Int32Array };
    const project = async (part: BaseCheckpoint['textEncoders'][number]) =>
      (await runOnce(buildTextEncoder(part), { input_ids: ids }))['embeds']?.data ?? [];
    const [actual, expected] = [await project(textEncoders[1]!), await project(whole.textEncoders[1]!)];
    // Of numbers of order 1 that were rounded to float16.
    expect(actual.length).toBe(whole.textEncoders[1]?.config.projectionWidth);
    expect(maxAbsDifference(actual, expected)).toBeLessThan(1e-2);
  });
});

test('references of formats that are compared elsewhere', () => {
  const elsewhere = [...arrays.keys()].filter((name) => /lora|^xl\//.test(name));
  const used = ['sample', 'timestep', 'encoder_hidden_states', 'input_ids', 'cond_u8', 'unet/fp16'];
  used.push('controlnet-bare/mid', 'controlnet-bare/unet_out');
  console.log(`elsewhere: ${elsewhere.length} references of LoRA (test/weights/lora) in formats`);
  expect([...arrays.keys()].filter((name) => !elsewhere.includes(name)).toSorted()).toEqual(used.toSorted());
});

/** Half of the distance between the numbers that float16 has around one. */
function halfUnitOf(value: number): number {
  return 2 ** Math.max(Math.floor(Math.log2(Math.abs(value))) - 11, -25);
}

async function denoised(unet: NetworkPart<UNetConfig>, residuals: readonly Tensor[] = []): Promise<Float32Array> {
  const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  const fed = injectionPoints(unet.config).map((_, index) => [`residual.${index}`, residuals[index] ?? none]);
  const { out } = await runOnce(buildUNet(unet), { ...given, ...Object.fromEntries(fed) });
  return (out as Tensor).data;
}

async function controlled(part: Parameters<typeof buildControlNet>[0]): Promise<readonly Tensor[]> {
  const points = injectionPoints(part.config);
  const rows = given.sample.dims[0] as number;
  const { hint } = await runOnce(buildHintEncoder(part), { image: mapped('cond_u8', (value) => value / 255) });
  const scale = { dims: [rows, points.length], data: new Float32Array(rows * points.length).fill(1) };
  const out = await runOnce(buildControlNet(part), { ...given, hint: hint as Tensor, scale });
  return points.map((_, index) => out[`residual.${index}`] as Tensor);
}

function array(name: string): GoldenArray {
  const found = arrays.get(name);
  if (found === undefined) throw new Error(`No reference ${name}`);
  return found;
}

describe('TAESD under the names of the original code', () => {
  const latent = { dims: [2, 4, 5, 7], data: Float32Array.from({ length: 280 }, (_, i) => 4 * Math.sin(i)) };
  const image = { dims: [1, 3, 40, 56], data: Float32Array.from({ length: 6720 }, (_, i) => Math.sin(i)) };

  test.each([
    ['decoder', buildTaesdDecoder, { latent }, 'image'],
    ['encoder', buildTaesdEncoder, { image }, 'latent'],
  ] as const)('the %s is that of the folder', async (half, build, feeds, output) => {
    const original = await openTaesdCheckpoint(goldenPath('formats', `taesd-tiny-${half}.safetensors`));
    const reference = await openTaesdCheckpoint(goldenPath(...sourceOf(`taesd-tiny-${half}.safetensors`)));
    const blocks = `${half}Blocks` as const;
    expect(original.taesd.config[blocks]).toEqual(reference.taesd.config[blocks]);
    expect(original.taesd.config[half === 'decoder' ? 'encoderBlocks' : 'decoderBlocks']).toBeNull();
    const actual = (await runOnce(build(original.taesd), feeds))[output]?.data ?? [];
    const expected = (await runOnce(build(reference.taesd), feeds))[output]?.data ?? [];
    expect(expected.length).toBeGreaterThan(0);
    expect(maxAbsDifference(actual, expected)).toBe(0);
  });
});
