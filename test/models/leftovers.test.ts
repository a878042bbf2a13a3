import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openLibrary } from '../../src/models/library.ts';
import type { RejectedModel } from '../../src/generation/models/model.ts';
import { smallModelPath } from '../support/golden.ts';
import { expectDrawn } from '../weights/single-files/drawing.ts';
import {
  guidanceEmbedding,
  renamed,
  smallBase,
  smallControlNet,
  type Tensors,
} from '../weights/single-files/small-models.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { float32Tensor, type WrittenTensor, writeSafetensors } from '../weights/write-safetensors.ts';

const models = join(temporaryFolder(), 'models');
const base = smallBase();
const controlNet = smallControlNet();
const one = (...shape: number[]): WrittenTensor =>
  float32Tensor(
    shape,
    Array.from({ length: shape.reduce((product, side) => product * side, 1) }, () => 0.5),
  );
const position = (dtype: string, bytes: number): WrittenTensor => ({
  dtype,
  shape: [1, 77],
  bytes: new Uint8Array(77 * bytes),
});
const without = (tensors: Tensors, prefix: string): Tensors =>
  renamed(tensors, (name) => (name.startsWith(prefix) ? null : name));

beforeEach(() => {
  rmSync(models, { recursive: true, force: true });
  mkdirSync(models, { recursive: true });
});

async function found(tensors: Tensors) {
  writeSafetensors(join(models, 'one.safetensors'), tensors);
  return await (await openLibrary([models], { conditions: ['canny', 'shuffle'] })).list();
}

describe('tensors that change nothing are left out', () => {
  it.each<[string, Tensors]>([
    ...(
      [
        ['I64', 8],
        ['F64', 8],
        ['F32', 4],
        ['F16', 2],
        ['U8', 1],
        ['F8_E4M3', 1],
      ] as const
    ).map(([dtype, bytes]): [string, Tensors] => [
      `position ids as ${dtype}`,
      { 'cond_stage_model.transformer.text_model.embeddings.position_ids': position(dtype, bytes) },
    ]),
    [
      'averages, the optimizer and the schedule',
      {
        'model_ema.diffusion_modelout2weight': one(4),
        'model_ema.decay': one(),
        'optimizer.state.0': one(2),
        global_step: one(),
        betas: one(1000),
        alphas_cumprod_prev: one(1000),
        sqrt_recipm1_alphas_cumprod: one(1000),
        posterior_mean_coef2: one(1000),
        'first_stage_model.loss.logvar': one(),
        'cond_stage_model.transformer.text_projection.weight': one(64, 64),
        'cond_stage_model.logit_scale': one(),
      },
    ],
  ])('%s', async (_, extra) => {
    const { bases, rejected } = await found({ ...base, ...extra });
    expect(rejected).toEqual([]);
    expect(bases).toHaveLength(1);
  });
});

describe('tensors that would change the picture are refused by name', () => {
  it.each([
    'model.diffusion_model.time_embed.extra_proj.weight',
    'model.diffusion_model.middle_block.1.transformer_blocks.0.fuser.linear.weight',
    'model.diffusion_model.input_blocks.1.2.weight',
    'first_stage_model.decoder.mid.attn_2.q.weight',
    'first_stage_model.decoder.up.0.attn.0.q.weight',
    'cond_stage_model.transformer.text_model.adapter.weight',
    'style_embedding.weight',
  ])('%s', async (name) => {
    const { bases, rejected } = await found({ ...base, [name]: one(32) });
    expect(bases).toEqual([]);
    expect(rejected[0]).toMatchObject({ id: 'one', code: 'not_supported_yet' });
    expect(rejected[0]?.detail).toContain(name);
  });

  it('of a ControlNet', async () => {
    const { rejected } = await found({ ...controlNet, 'control_model.gate.weight': one(32) });
    expect(rejected[0]?.detail).toContain('control_model.gate.weight');
  });

  it('of a diffusers folder', async () => {
    const folder = join(models, 'tiny');
    cpSync(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
    const file = join(folder, 'unet', 'diffusion_pytorch_model.safetensors');
    const bytes = readFileSync(file);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, unknown>;
    const end = bytes.length - 8 - length;
    header['mid_block.gate.weight'] = { dtype: 'F32', shape: [1], data_offsets: [end, end + 4] };
    const text = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(file, Buffer.concat([size, text, bytes.subarray(8 + length), Buffer.alloc(4)]));
    const { rejected } = await (await openLibrary([models], { conditions: [] })).list();
    expect(rejected.map(({ detail }) => detail)).toEqual([expect.stringContaining('mid_block.gate.weight')]);
  });

  it('two tensors for one weight', async () => {
    const twice = 'first_stage_model.decoder.mid.attn_1.to_q.weight';
    const { rejected } = await found({ ...base, [twice]: one(32, 32) });
    expect(rejected[0]?.detail).toContain(twice);
  });
});

describe('a LoRA is listed with what its header tells', () => {
  it('of kohya', async () => {
    const layer = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
    const { loras, rejected } = await found({
      [`${layer}.lora_down.weight`]: one(4, 768),
      [`${layer}.lora_up.weight`]: one(320, 4),
      [`${layer}.alpha`]: one(),
    });
    expect(rejected).toEqual([]);
    const fits = { contextWidth: 768, textWidth: null, needsSdxl: false };
    expect(loras).toMatchObject([{ id: 'one', kind: 'lora', methods: ['LoRA'], layers: 1, rank: 4, fits }]);
  });

  it('of peft, for SDXL', async () => {
    const { loras } = await found({
      'text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight': one(2, 1280),
      'text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight': one(1280, 2),
    });
    expect(loras).toMatchObject([{ fits: { contextWidth: null, textWidth: null, needsSdxl: true } }]);
  });
});

describe('the reason names what a file is', () => {
  it.each<[string, Tensors, RegExp]>([
    ['union ControlNet', { ...controlNet, 'control_model.task_embedding': one(6, 32) }, /union ControlNet/],
    ['FaceID', { 'image_proj.proj.0.weight': one(8), 'ip_adapter.0.to_q_lora.down.weight': one(8) }, /FaceID/],
    [
      'FaceID without its LoRA',
      {
        'image_proj.proj.0.weight': one(1024, 512),
        'image_proj.norm.weight': one(768),
        'ip_adapter.1.to_k_ip.weight': one(8),
      },
      /FaceID\)/,
    ],
    [
      'FaceID Plus',
      { 'image_proj.perceiver_resampler.proj_in.weight': one(8), 'image_proj.norm.weight': one(8) },
      /FaceID Plus/,
    ],
    [
      'the full IP-Adapter',
      { 'image_proj.proj.0.weight': one(8), 'image_proj.proj.3.weight': one(8) },
      /full IP-Adapter.*basic ones and Plus/,
    ],
    [
      'InstantID',
      { 'image_proj.latents': one(1, 16, 8), 'image_proj.proj_in.weight': one(8, 512) },
      /InstantID.*basic ones and Plus/,
    ],
    ['BOFT', { 'lora_unet_mid_block_attentions_0_proj_in.oft_blocks': one(2, 2, 4, 4) }, /BOFT .*bring it as OFT/],
    [
      'LoRA for another network',
      { 'diffusion_model.blocks.0.q.lora_A.weight': one(4, 8) },
      /no layer of Stable Diffusion/,
    ],
    ['LoRA for FLUX of ComfyUI', { 'diffusion_model.double_blocks.0.q.lora_A.weight': one(4, 8) }, /LoRA for FLUX/],
    ['LoRA for SD 3 of diffusers', { 'transformer.transformer_blocks.0.q.lora_A.weight': one(4, 8) }, /Diffusion 3/],
    ['LoRA for FLUX', { 'lora_unet_double_blocks_0_img_attn_proj.lora_down.weight': one(4, 8) }, /LoRA for FLUX/],
    [
      'a single block of a LoRA for FLUX of diffusers',
      { 'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight': one(4, 8) },
      /LoRA for FLUX/,
    ],
    [
      'LoRA for SD 3',
      { 'lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight': one(4, 8) },
      /LoRA for Stable Diffusion 3/,
    ],
    ['LLLite', { 'lllite_unet_input_blocks_4_1_attn1_to_q.conditioning1.0.weight': one(16, 3, 4, 4) }, /LLLite/],
    [
      'SparseCtrl',
      { 'controlnet_cond_embedding.conv_in.weight': one(4), 'down_blocks.0.motion_modules.0.norm.weight': one(4) },
      /SparseCtrl/,
    ],
    ['no autoencoder', without(base, 'first_stage_model.'), /without an autoencoder/],
    ['no text encoder', without(base, 'cond_stage_model.'), /without a text encoder/],
    [
      'a piece of a text encoder of SDXL',
      { ...base, 'conditioner.embedders.0.transformer.text_model.x': one(1) },
      /text_model\.embeddings\.token_embedding/,
    ],
    ['unCLIP', { ...base, 'model.diffusion_model.label_emb.0.0.weight': one(1) }, /unCLIP/],
    ['SD 3', { 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight': one(1) }, /Stable Diffusion 3 model/],
    ['FLUX', { 'model.diffusion_model.double_blocks.0.img_attn.qkv.weight': one(1) }, /FLUX model/],
    ['FLUX without a prefix', { 'double_blocks.0.img_attn.qkv.weight': one(1) }, /FLUX model/],
  ])('%s', async (_, tensors, reason) => {
    const { bases, controlNets, rejected } = await found(tensors);
    expect([bases, controlNets]).toEqual([[], []]);
    expect(rejected.map(({ detail }: RejectedModel) => detail)).toEqual([expect.stringMatching(reason)]);
  });
});

it('a UNet that is told its guidance is that of a base model of few steps', async () => {
  const { bases, rejected } = await found({ ...base, ...guidanceEmbedding() });
  expect(rejected).toEqual([]);
  expect(bases).toMatchObject([{ embedsGuidance: true, distilled: { as: 'lcm', decidedBy: 'marker' } }]);
});

describe("the autoencoder's attention under other names", () => {
  const names = {
    'of today': { q: 'to_q', k: 'to_k', v: 'to_v', proj_out: 'to_out.0' },
    'of old diffusers': { q: 'query', k: 'key', v: 'value', proj_out: 'proj_attn' },
  };
  it.each(Object.entries(names))('%s', async (_, parts) => {
    const rest = renamed(base, (name) =>
      name.replace(
        /(mid\.attn_1)\.(q|k|v|proj_out)\./,
        (__, stem: string, part: keyof typeof parts) => `${stem}.${parts[part]}.`,
      ),
    );
    const { bases, rejected } = await found(rest);
    expect(rejected).toEqual([]);
    await expectDrawn('epsilon', bases[0]!);
  });

  it('a file of 1x1 convolutions draws the same as one of matrices', async () => {
    const flat = Object.fromEntries(
      Object.entries(base).map(([name, tensor]) => [
        name,
        /mid\.attn_1\.(q|k|v|proj_out)\.weight$/.test(name) ? { ...tensor, shape: [...tensor.shape, 1, 1] } : tensor,
      ]),
    );
    await expectDrawn('epsilon', (await found(flat)).bases[0]!);
  });
});
