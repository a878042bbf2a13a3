import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  buildControlNet,
  buildHintEncoder,
  buildTextEncoder,
  buildUNet,
  injectionPoints,
  type NetworkPart,
  type UNetConfig,
} from '../../src/graph/index.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { type BaseCheckpoint, openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { floats, type GoldenArray, goldenArrays, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
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
    expect(checkpoint.textEncoder.config).toEqual(folder.textEncoder.config);
    expect(checkpoint.family).toEqual(folder.family);
    expect(maxAbsDifference(await denoised(checkpoint.unet), await denoised(folder.unet))).toBe(0);
    const ids = {
      input_ids: { dims: [1, array('input_ids').data.length], data: array('input_ids').data as Int32Array },
    };
    const text = await runOnce(buildTextEncoder(checkpoint.textEncoder), ids);
    const expected = await runOnce(buildTextEncoder(folder.textEncoder), ids);
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

test('references of formats that are not built', () => {
  const outside = [...arrays.keys()].filter((name) => /lora|^xl\//.test(name));
  const used = ['sample', 'timestep', 'encoder_hidden_states', 'input_ids', 'cond_u8', 'unet/fp16'];
  used.push('controlnet-bare/mid', 'controlnet-bare/unet_out');
  console.log(`elsewhere: ${outside.length} references of LoRA (test/weights/lora) and of SDXL in formats`);
  expect([...arrays.keys()].filter((name) => !outside.includes(name)).toSorted()).toEqual(used.toSorted());
});

test('an SDXL file is refused with its reason', async () => {
  const opening = openBaseCheckpoint(goldenPath('formats', 'sdxl-tiny-sgm.safetensors'));
  await expect(opening).rejects.toMatchObject({ code: 'not_supported_yet', message: expect.stringMatching(/SDXL/) });
});

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
