import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLibrary } from '../../src/models/library.ts';
import { openSafetensors } from '../../src/weights/safetensors/safetensors.ts';
import { smallModelPath } from '../support/golden.ts';
import { type WrittenTensor, writeSafetensors } from '../weights/write-safetensors.ts';

let models: string;
let tiny: string;

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-usable-'));
  tiny = join(models, 'tiny');
  await cp(smallModelPath('models', 'sd15-tiny'), tiny, { recursive: true });
});

afterEach(async () => await rm(models, { recursive: true }));

const list = async () => await (await openLibrary([models], { conditions: ['canny'] })).list();

/** The one reason for which `id` is not usable; it names no path. */
async function reason(id = 'tiny'): Promise<string> {
  const { bases, controlNets, rejected } = await list();
  expect([...bases, ...controlNets].map((model) => model.id)).not.toContain(id);
  const details = rejected.filter((model) => model.id === id).map(({ detail }) => detail);
  expect(details).toHaveLength(1);
  expect(details[0]).not.toContain(models);
  return details[0]!;
}

/** Rewrites a weight file without, or with other, tensors. */
async function changeTensors(
  parts: readonly string[],
  change: (name: string, tensor: WrittenTensor) => WrittenTensor | null,
): Promise<void> {
  const path = join(tiny, ...parts);
  const bytes = await readFile(path);
  const { tensors } = await openSafetensors(path);
  const written = [...tensors].flatMap(([name, { dtype, shape, byteOffset, byteLength }]) => {
    const changed = change(name, { dtype, shape, bytes: bytes.subarray(byteOffset, byteOffset + byteLength) });
    return changed === null ? [] : [[name, changed] as const];
  });
  writeSafetensors(path, Object.fromEntries(written));
}

async function changeJson(parts: readonly string[], changes: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(tiny, ...parts);
  const before = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...before, ...changes }));
}

const network = 'diffusion_pytorch_model.safetensors';
const places = [
  ['tiny', ['unet', network], 'up_blocks.2.attentions.1.transformer_blocks.0.attn2.to_k.weight'],
  ['tiny', ['unet', network], 'time_embedding.linear_2.bias'],
  ['tiny', ['vae', network], 'decoder.up_blocks.1.resnets.0.conv2.weight'],
  ['tiny', ['vae', network], 'encoder.conv_out.bias'],
  ['tiny', ['vae', network], 'quant_conv.weight'],
  ['tiny', ['text_encoder', 'model.safetensors'], 'text_model.encoder.layers.1.mlp.fc2.bias'],
  ['tiny-a', ['controlnet-a', network], 'controlnet_down_blocks.3.weight'],
  ['tiny-a', ['controlnet-a', network], 'controlnet_cond_embedding.blocks.4.bias'],
  ['tiny-b', ['controlnet-b', network], 'mid_block.attentions.0.proj_out.weight'],
] as const;

describe('a model whose weights are not all there', () => {
  it.each(places)('is refused: %s %j without %s', async (id, parts, tensor) => {
    await changeTensors(parts, (name, value) => (name === tensor ? null : value));
    expect(await reason(id)).toContain(tensor);
    const others = (await list()).controlNets.map((model) => model.id);
    expect(others).toEqual(id === 'tiny' ? [] : ['tiny-a', 'tiny-b'].filter((other) => other !== id));
  });

  it.each(places)('is refused: %s %j with another shape of %s', async (id, parts, tensor) => {
    await changeTensors(parts, (name, value) => (name === tensor ? { ...value, shape: [...value.shape, 1] } : value));
    expect(await reason(id)).toMatch(new RegExp(`shape .*${tensor.replaceAll('.', '\\.')}`));
  });

  it.each([
    ['unet', network],
    ['vae', network],
    ['text_encoder', 'model.safetensors'],
  ])('is refused with an empty or cut off %s/%s', async (...parts) => {
    const path = join(tiny, ...parts);
    await truncate(path, 1000);
    expect(await reason()).toMatch(/cut off/);
    await truncate(path, 0);
    expect(await reason()).toMatch(/0 bytes/);
  });

  it.each(['unet', 'vae', 'text_encoder'])('is refused without its folder %s', async (part) => {
    await rm(join(tiny, part), { recursive: true });
    expect(await reason()).toContain(part);
  });

  it('is named by its pipeline where that has no UNet at all', async () => {
    await rm(join(tiny, 'unet'), { recursive: true });
    await mkdir(join(tiny, 'transformer'));
    await changeJson(['model_index.json'], { _class_name: 'FluxPipeline' });
    expect(await reason()).toContain('FluxPipeline');
  });
});

describe('a pipeline that is none of Stable Diffusion, over networks of its shapes', () => {
  it.each([
    ['KandinskyV22Pipeline'],
    ['StableDiffusion3Pipeline'],
    ['AnimateDiffPipeline'],
    ['StableUnCLIPPipeline'],
    [['pipeline', 'MyPipeline']],
    [7],
  ])('is refused by its name: %j', async (name) => {
    await changeJson(['model_index.json'], { _class_name: name });
    expect(await reason()).toContain(`tiny is a ${JSON.stringify(name)} (model_index.json says so)`);
  });

  it.each([
    'StableDiffusionImg2ImgPipeline',
    'StableDiffusionControlNetPipeline',
    'FlaxStableDiffusionPipeline',
    'LatentConsistencyModelPipeline',
    'DiffusionPipeline',
    undefined,
  ])('is none of these: %s', async (name) => {
    await changeJson(['model_index.json'], { _class_name: name });
    expect((await list()).bases.map(({ id }) => id)).toEqual(['tiny']);
  });

  it('is refused where it says another family than its UNet', async () => {
    await changeJson(['model_index.json'], { _class_name: 'StableDiffusionXLPipeline' });
    expect(await reason()).toMatch(/contradicts itself: .*StableDiffusionXLPipeline.* no pooled text/);
    await rm(tiny, { recursive: true });
    await cp(smallModelPath('models', 'sdxl-tiny'), tiny, { recursive: true });
    await changeJson(['model_index.json'], { _class_name: 'StableDiffusionPipeline' });
    expect(await reason()).toMatch(/contradicts itself: .*StableDiffusionPipeline.* as that of SDXL/);
  });

  it.each(['UNetMotionModel', 'Kandinsky3UNet'])('is refused by the class of its UNet: %s', async (name) => {
    await changeJson(['unet', 'config.json'], { _class_name: name });
    expect(await reason()).toContain(name);
  });
});

describe('a setting that stands twice in a file', () => {
  it.each([
    [
      'scheduler/scheduler_config.json',
      '"prediction_type": "epsilon", "prediction_type": "v_prediction"',
      'prediction_type',
    ],
    ['unet/config.json', '"norm_eps": 1e-5, "norm_eps": 1e-6', 'norm_eps'],
    ['vae/config.json', '"scaling_factor": 1, "scaling_\\u0066actor": 2', 'scaling_factor'],
    ['model_index.json', '"_class_name": "StableDiffusionPipeline", "_class_name": "KandinskyPipeline"', '_class_name'],
    ['armature.json', '"schema": 1, "id": "tiny", "id": "other"', 'id'],
  ])('is refused in %s', async (file, members, name) => {
    await writeFile(join(tiny, file), `{${members}}`);
    expect(await reason()).toMatch(new RegExp(`each setting once .*"${name}" is there twice`));
  });
});

describe('a model that cannot be sampled', () => {
  it.each([
    [{ thresholding: true }, 'thresholding'],
    [{ rescale_betas_zero_snr: true, prediction_type: 'epsilon' }, 'zero_snr'],
    [{ _class_name: 'FlowMatchEulerDiscreteScheduler' }, 'flow matching'],
    [{ _class_name: 'EDMEulerScheduler' }, 'EDMEulerScheduler'],
    [{ use_flow_sigmas: true }, 'use_flow_sigmas'],
    [{ prediction_type: 'flow_prediction' }, 'prediction_type'],
    [{ beta_schedule: 'sigmoid' }, 'beta_schedule'],
    [{ timestep_spacing: 'random' }, 'timestep_spacing'],
    [{ trained_betas: [0.1, 0.2] }, 'trained_betas'],
    [{ trained_betas: Array.from({ length: 1000 }, () => 1.5) }, 'trained_betas'],
    [{ beta_end: 2 }, 'beta_end'],
    [{ beta_start: 0 }, 'beta_start'],
    [{ num_train_timesteps: 1 }, 'num_train_timesteps'],
    [{ num_train_timesteps: 1e9 }, 'num_train_timesteps'],
    [{ variance_type: 'learned_range' }, 'variance_type'],
    [{ use_karras_sigmas: true, use_beta_sigmas: true }, 'use_beta_sigmas'],
  ])('is refused: %j', async (changes, word) => {
    await changeJson(['scheduler', 'scheduler_config.json'], changes);
    expect(await reason()).toContain(word);
  });
});

describe('a model whose prompts cannot be read', () => {
  it.each([
    ['vocab.json', '{"a": 1}', 'special token'],
    ['vocab.json', '[]', 'vocab.json'],
    ['vocab.json', '', 'vocab.json'],
    ['special_tokens_map.json', '{"bos_token": 7}', 'bos_token'],
    ['tokenizer_config.json', '{', 'tokenizer_config.json'],
  ])('is refused: %s is %s', async (file, text, word) => {
    await writeFile(join(tiny, 'tokenizer', file), text);
    expect(await reason()).toContain(word);
  });

  it('is refused where the tokenizer knows more words than the text encoder', async () => {
    await changeJson(['tokenizer', 'vocab.json'], { 'one-too-many</w>': 1024 });
    expect(await reason()).toContain('knows 1024 tokens');
  });
});

describe('a model of other channels', () => {
  it('is refused where its UNet learns the variance', async () => {
    await changeJson(['unet', 'config.json'], { out_channels: 8 });
    expect(await reason()).toContain('variance');
  });

  it('is refused where a ControlNet takes other maps than RGB', async () => {
    await changeJson(['controlnet-a', 'config.json'], { conditioning_channels: 6 });
    expect(await reason('tiny-a')).toContain('6 channels');
  });

  it('is refused where its autoencoder makes other pictures than RGB', async () => {
    await changeJson(['vae', 'config.json'], { in_channels: 4 });
    expect(await reason()).toContain('4 channels');
  });
});

describe('an autoencoder', () => {
  it('without an encoder draws, and over no picture', async () => {
    await changeTensors(['vae', network], (name, tensor) => (/^(?:encoder|quant_conv)\./.test(name) ? null : tensor));
    expect((await list()).bases).toMatchObject([{ id: 'tiny', drawsOver: false }]);
  });

  it('with one says nothing of it', async () => {
    expect((await list()).bases[0]).not.toHaveProperty('drawsOver');
  });

  it('is refused where its config leaves out a convolution that it has', async () => {
    await changeJson(['vae', 'config.json'], { use_quant_conv: false });
    expect(await reason()).toContain('quant_conv');
  });
});
