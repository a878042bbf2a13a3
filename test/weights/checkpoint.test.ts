import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildUNet } from '../../src/graph/compiler/index.ts';
import { createSession } from '../../src/runtime/index.ts';
import { foundKinds } from '../../src/models/kinds/kinds.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { openSafetensors } from '../../src/weights/safetensors/safetensors.ts';
import { smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { float32Tensor, type WrittenTensor, writeSafetensors } from './write-safetensors.ts';

const folder = temporaryFolder();
const weightFile = 'diffusion_pytorch_model.safetensors';
const model = (...parts: readonly string[]): string => smallModelPath('models', 'sd15-tiny', ...parts);

let copies = 0;
/** A copy of the tiny model to damage. */
function copy(): string {
  const path = join(folder, `copy-${copies++}`);
  for (const part of ['unet', 'vae', 'text_encoder', 'scheduler'])
    cpSync(model(part), join(path, part), { recursive: true });
  return path;
}

function changeConfig(path: string, changes: Record<string, unknown>): void {
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...config, ...changes }));
}

async function tensorsOf(path: string): Promise<[string, WrittenTensor][]> {
  const bytes = readFileSync(path);
  return [...(await openSafetensors(path)).tensors].map(([name, { dtype, shape, byteOffset, byteLength }]) => [
    name,
    { dtype, shape, bytes: bytes.subarray(byteOffset, byteOffset + byteLength) },
  ]);
}

describe('what a file holds', () => {
  test.each([
    ['base', ['formats', 'sd15-tiny-ldm-fp16.safetensors']],
    ['controlnet', ['formats', 'controlnet-a-bare.safetensors']],
    ['controlnet', ['formats', 'controlnet-a-ldm.safetensors']],
    ['controlnet', ['models', 'sd15-tiny', 'controlnet-a', weightFile]],
    ['vae', ['models', 'sd15-tiny', 'vae', weightFile]],
    [null, ['models', 'sd15-tiny', 'text_encoder', 'model.safetensors']],
    ['lora', ['formats', 'lora-kohya.safetensors']],
  ] as const)('%s: %s', async (kind, parts) => {
    const file = await openSafetensors(smallModelPath(...parts));
    expect(foundKinds.find(({ holds }) => holds?.(file))?.id ?? null).toBe(kind);
  });
});

describe('a base model', () => {
  test('folder: configs, scheduler, tokenizer and family', async () => {
    const checkpoint = await openBaseCheckpoint(smallModelPath('models', 'sd21-tiny'));
    expect(checkpoint.layout).toBe('diffusers');
    expect(checkpoint.unet.config.heads).toEqual([2, 3, 4, 4]);
    expect(checkpoint.schedulerConfig).toMatchObject({ prediction_type: 'v_prediction' });
    expect(checkpoint.textEncoders[0].tokenizer.folder).toMatch(/tokenizer$/);
    expect(checkpoint.family).toEqual({
      name: 'other',
      contextWidth: 32,
      latentChannels: 4,
      blockChannels: [8, 12, 16, 16],
      layersPerBlock: 2,
    });
  });

  test("a scheduler's config with the infinities that Python writes", async () => {
    const path = copy();
    const file = join(path, 'scheduler', 'scheduler_config.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('{', '{ "lambda_min_clipped": -Infinity, "x": [NaN],'));
    const { schedulerConfig } = await openBaseCheckpoint(path);
    expect(schedulerConfig).toMatchObject({ lambda_min_clipped: Number.NEGATIVE_INFINITY, x: [null] });
  });

  test.each([
    ['sd15-tiny', '9166d82e6d0a8995'],
    ['sd21-tiny', '060c11b7bfa4d783'],
    ['eps-tiny', '5927db8fbd5a1e02'],
  ])('%s has the hash by which stored jobs know it', async (name, hash) => {
    expect((await openBaseCheckpoint(smallModelPath('models', name))).hash).toBe(hash);
  });

  test('the hash follows the weights, not their place', async () => {
    const path = copy();
    const { hash } = await openBaseCheckpoint(path);
    expect((await openBaseCheckpoint(model())).hash).toBe(hash);
    const weights = join(path, 'unet', weightFile);
    const bytes = readFileSync(weights);
    bytes.fill(1, bytes.length - 4096);
    writeFileSync(weights, bytes);
    expect((await openBaseCheckpoint(path)).hash).not.toBe(hash);
  });

  test('shards, the fp16 variant, links out of the folder and old names of the autoencoder', async () => {
    const path = copy();
    const tensors = await tensorsOf(join(path, 'unet', weightFile));
    const half = Math.floor(tensors.length / 2);
    const shards = [tensors.slice(0, half), tensors.slice(half)];
    const names = shards.map((_, index) => `diffusion_pytorch_model-0000${index + 1}-of-00002.safetensors`);
    shards.forEach((shard, index) =>
      writeSafetensors(join(path, 'unet', names[index] ?? ''), Object.fromEntries(shard)),
    );
    const map = shards.flatMap((shard, index) => shard.map(([name]) => [name, names[index]]));
    writeFileSync(
      join(path, 'unet', 'diffusion_pytorch_model.safetensors.index.json'),
      JSON.stringify({ weight_map: Object.fromEntries(map) }),
    );
    renameSync(join(path, 'unet', weightFile), join(path, 'unet', 'diffusion_pytorch_model.bin'));
    renameSync(join(path, 'text_encoder', 'model.safetensors'), join(path, 'text_encoder', 'model.fp16.safetensors'));
    mkdirSync(join(path, 'blobs'));
    const vae = (await tensorsOf(join(path, 'vae', weightFile))).map(([name, tensor]) => [
      name.replace('.to_q.', '.query.').replace('.to_out.0.', '.proj_attn.'),
      tensor,
    ]);
    writeSafetensors(join(path, 'blobs', 'sha'), Object.fromEntries(vae) as Record<string, WrittenTensor>);
    renameSync(join(path, 'vae', weightFile), join(path, 'blobs', 'unused'));
    symlinkSync(join('..', 'blobs', 'sha'), join(path, 'vae', weightFile));
    const checkpoint = await openBaseCheckpoint(path);
    const whole = await openBaseCheckpoint(model());
    const partsOf = ({ unet, vae, textEncoders }: typeof whole) => [unet, vae, ...textEncoders];
    for (const [index, part] of partsOf(checkpoint).entries()) {
      const used = [...(partsOf(whole)[index]?.weights.keys() ?? [])].toSorted();
      expect([...part.weights.keys()].toSorted()).toEqual(used);
    }
    const session = await createSession(buildUNet(checkpoint.unet), { provider: 'cpu', deviceId: 0, threads: 1 });
    expect(session.bytes).toBeGreaterThan(4 * 200_000);
    await session.release();
  });

  test('fills up prompts as its text encoder learned it, whatever names its tensors carry, where it brings no tokenizer', async () => {
    const small = { unet: { attention_head_dim: 2, norm_num_groups: 4 }, vae: { norm_num_groups: 4 } };
    const padOf = async (path: string, told = {}): Promise<readonly (string | undefined)[]> =>
      (await openBaseCheckpoint(path, told)).textEncoders.map(({ tokenizer }) => tokenizer.padToken);
    const single = smallModelPath('formats', 'sd15-tiny-ldm.safetensors');
    expect(await padOf(single, small)).toEqual([undefined]);
    // As wide ones of SD 2.x are under these names.
    expect(await padOf(single, { ...small, textEncoder: { hidden_act: 'gelu' } })).toEqual(['!']);
    expect(await padOf(copy())).toEqual([undefined]);
    const path = copy();
    changeConfig(join(path, 'text_encoder', 'config.json'), { hidden_act: 'gelu' });
    expect(await padOf(path)).toEqual(['!']);
  });

  test('a single file of SD 2.x predicts v unless told otherwise', async () => {
    const path = smallModelPath('formats', 'sd15-tiny-ldm.safetensors');
    const small = { unet: { attention_head_dim: 2, norm_num_groups: 4 }, vae: { norm_num_groups: 4 } };
    const { schedulerConfig } = await openBaseCheckpoint(path, small);
    expect(schedulerConfig).toMatchObject({ beta_schedule: 'scaled_linear', prediction_type: 'epsilon' });
    const told = await openBaseCheckpoint(path, { ...small, scheduler: { prediction_type: 'v_prediction' } });
    expect(told.schedulerConfig).toMatchObject({ prediction_type: 'v_prediction' });
  });
});

test('a single file whose UNet takes the guidance as an input', async () => {
  const original = smallModelPath('formats', 'sd15-tiny-ldm.safetensors');
  const path = join(folder, 'guided.safetensors');
  const layer = float32Tensor([8, 32], new Float32Array(8 * 32).fill(0.5));
  const tensors = Object.fromEntries(await tensorsOf(original)) as Record<string, WrittenTensor>;
  writeSafetensors(path, { ...tensors, 'model.diffusion_model.time_embed.cond_proj.weight': layer });
  const small = { unet: { attention_head_dim: 2, norm_num_groups: 4 }, vae: { norm_num_groups: 4 } };
  const { unet, hash } = await openBaseCheckpoint(path, small);
  expect(unet.config.guidanceWidth).toBe(32);
  expect(unet.weights.get('time_embedding.cond_proj.weight')?.shape).toEqual([8, 32]);
  const plain = await openBaseCheckpoint(original, small);
  expect(plain.unet.config).not.toHaveProperty('guidanceWidth');
  expect(plain.hash).not.toBe(hash);
});

describe('refusing a base model', () => {
  test.each([
    ['an unknown block', 'unet', { down_block_types: ['AttnDownBlock2D'] }, 'model_invalid', /down_block_types/],
    ['another activation', 'unet', { act_fn: 'mish' }, 'not_supported_yet', /act_fn = "mish"/],
    ['class embeddings', 'unet', { class_embed_type: 'timestep' }, 'not_supported_yet', /class_embed_type/],
    ['an odd width of the guidance', 'unet', { time_cond_proj_dim: 31 }, 'model_invalid', /time_cond_proj_dim/],
    ['a setting of the future', 'unet', { spatial_gate: true }, 'not_supported_yet', /spatial_gate/],
    ['heads that do not divide', 'unet', { attention_head_dim: 5 }, 'model_invalid', /in 5 heads/],
    ['a list too short', 'unet', { attention_head_dim: [2, 2] }, 'model_invalid', /2 entries for 4 levels/],
    ['another autoencoder', 'vae', { _class_name: 'AutoencoderTiny' }, 'not_supported_yet', /AutoencoderTiny/],
    ['shifted latents', 'vae', { shift_factor: 0.1 }, 'not_supported_yet', /shift_factor/],
    ['another text encoder', 'text_encoder', { model_type: 't5' }, 'not_supported_yet', /t5/],
    ['a width that does not fit', 'unet', { cross_attention_dim: 32 }, 'model_invalid', /text encoder of width 32/],
  ])('%s', async (_, part, changes, code, message) => {
    const path = copy();
    changeConfig(join(path, part, 'config.json'), changes);
    await expect(openBaseCheckpoint(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('an index that names a tensor twice', async () => {
    const path = copy();
    const [name] = (await tensorsOf(join(path, 'unet', weightFile)))[0] ?? [''];
    const shard = 'diffusion_pytorch_model-00001-of-00001.safetensors';
    renameSync(join(path, 'unet', weightFile), join(path, 'unet', shard));
    const entry = `${JSON.stringify(name)}:${JSON.stringify(shard)}`;
    const index = `{"weight_map":{${entry},${entry}}}`;
    writeFileSync(join(path, 'unet', 'diffusion_pytorch_model.safetensors.index.json'), index);
    const refused = { code: 'model_invalid', message: expect.stringMatching(/each name once .* is there twice/) };
    await expect(openBaseCheckpoint(path)).rejects.toMatchObject(refused);
  });

  test('a pickle, and a folder without weights', async () => {
    const path = copy();
    renameSync(join(path, 'unet', weightFile), join(path, 'unet', 'diffusion_pytorch_model.bin'));
    await expect(openBaseCheckpoint(path)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/pickle/),
    });
    renameSync(join(path, 'unet', 'diffusion_pytorch_model.bin'), join(path, 'elsewhere'));
    await expect(openBaseCheckpoint(path)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/received none/),
    });
    await expect(openBaseCheckpoint('/absent/model.ckpt')).rejects.toMatchObject({ code: 'model_invalid' });
  });

  test('a config that is not JSON, and none', async () => {
    const path = copy();
    writeFileSync(join(path, 'vae', 'config.json'), '{"act_fn":');
    await expect(openBaseCheckpoint(path)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/vae\/config\.json/),
    });
    renameSync(join(path, 'unet', 'config.json'), join(path, 'unet', 'other.json'));
    await expect(openBaseCheckpoint(path)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/unet\/config\.json/),
    });
  });

  test('weights of another shape, when the network is built', async () => {
    const path = copy();
    changeConfig(join(path, 'unet', 'config.json'), { block_out_channels: [8, 12, 16, 20], norm_num_groups: 4 });
    const { unet } = await openBaseCheckpoint(path);
    expect(() => buildUNet(unet)).toThrowError(
      /Expected shape \[20, 16, 3, 3\] for weight .+ but .+ has \[16, 16, 3, 3\]/,
    );
  });

  test('weights that are cut off after their header was read, when the network is loaded', async () => {
    const path = copy();
    const { unet } = await openBaseCheckpoint(path);
    truncateSync(join(path, 'unet', weightFile), 200_000);
    const loading = createSession(buildUNet(unet), { provider: 'cpu', deviceId: 0, threads: 1 });
    await expect(loading).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.not.stringContaining(folder),
    });
  });
});

describe('a ControlNet', () => {
  test('the families of folder and single file are equal', async () => {
    const whole = await openControlNetCheckpoint(model('controlnet-a'));
    const settings = { attention_head_dim: 2, norm_num_groups: 4 };
    const single = await openControlNetCheckpoint(model('controlnet-a', weightFile), settings);
    expect(single.layout).toBe('single-file');
    expect(single.controlnet.config).toEqual(whole.controlnet.config);
    expect(single.family).toEqual(whole.family);
    expect(single.family).toEqual((await openBaseCheckpoint(model())).family);
    expect(single.hash).toBe(whole.hash);
  });

  test.each([
    ['a base model', ['formats', 'sd15-tiny-ldm.safetensors'], 'model_invalid'],
    ['a LoRA', ['formats', 'lora-kohya.safetensors'], 'model_invalid'],
  ] as const)('%s is refused', async (_, parts, code) => {
    await expect(openControlNetCheckpoint(smallModelPath(...parts))).rejects.toMatchObject({ code });
  });
});
