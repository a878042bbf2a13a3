import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layOutCheckpoint, layOutSdxlCheckpoint } from '../../../bench/real-size/make-checkpoint.ts';
import {
  buildControlNet,
  buildHintEncoder,
  buildTextEncoder,
  buildUNet,
  buildVaeDecoder,
  buildVaeEncoder,
  type ControlNetConfig,
  type NetworkPart,
  type OnnxModel,
  type TextEncoderConfig,
} from '../../../src/graph/compiler/index.ts';
import { type BaseCheckpoint, openBaseCheckpoint, openControlNetCheckpoint } from '../../../src/weights/checkpoint.ts';
import { parseTextEncoderConfig } from '../../../src/weights/configs/text-encoder-config.ts';
import { inferTextEncoderConfig } from '../../../src/weights/configs/infer.ts';
import { openClipRules, splitFusedAttention } from '../../../src/weights/key-maps/clip.ts';
import { openBaseFolder } from '../../../src/weights/layouts/diffusers-folder.ts';
import { openSafetensors } from '../../../src/weights/safetensors/safetensors.ts';
import { weightsOf } from '../../../src/weights/layouts/weights.ts';

/** Networks of one model by what they are. */
export type Networks = Readonly<Record<string, () => OnnxModel>>;

/** What a single file says nothing of, for networks as small as those of golden/formats. */
const small = { attention_head_dim: 2, norm_num_groups: 4 };
const smallBase = { unet: small, vae: { norm_num_groups: 4 }, textEncoder: { num_attention_heads: 3 } };

/**
 * Every network that is emitted, by the name of its model: those of the reference models in `golden` that can be built, of its
 * single files, and of the shapes of Stable Diffusion 1.5 and of SDXL. Nothing but headers is read.
 */
export async function emittedModels(golden: string): Promise<Readonly<Record<string, Networks>>> {
  const models: Record<string, Networks> = {};
  for (const name of readdirSync(join(golden, 'models'))) {
    const folder = join(golden, 'models', name);
    if (!existsSync(join(folder, 'unet'))) continue;
    // Past the refusal of an inpainting model: its networks are emitted all the same.
    models[name] = { ...base(await openBaseFolder(folder, {})), ...(await controlNets(folder)) };
  }
  const formats = join(golden, 'formats');
  for (const name of ['sd15-tiny-ldm', 'sd15-tiny-ldm-fp16']) {
    models[name] = base(await openBaseCheckpoint(join(formats, `${name}.safetensors`), smallBase));
  }
  for (const name of ['controlnet-a-ldm', 'controlnet-a-bare', 'controlnet-a-ldm-bf16']) {
    const { controlnet } = await openControlNetCheckpoint(join(formats, `${name}.safetensors`), small);
    models[name] = control(controlnet);
  }
  models['sd21-tiny-openclip'] = text(await openClip(join(formats, 'sd21-tiny-openclip.safetensors')));
  const real = mkdtempSync(join(tmpdir(), 'armature-shapes-'));
  layOutCheckpoint(real);
  models['sd15'] = { ...base(await openBaseCheckpoint(real)), ...(await controlNets(real)) };
  rmSync(real, { recursive: true });
  const larger = mkdtempSync(join(tmpdir(), 'armature-shapes-'));
  layOutSdxlCheckpoint(larger);
  models['sdxl'] = base(await openBaseCheckpoint(larger));
  rmSync(larger, { recursive: true });
  return models;
}

function base({ textEncoders, unet, vae }: BaseCheckpoint): Networks {
  return {
    ...Object.assign({}, ...textEncoders.map((encoder, index) => text(encoder, index === 0 ? '' : ' 2'))),
    unet: () => buildUNet(unet),
    'vae decoder': () => buildVaeDecoder(vae),
    'vae encoder': () => buildVaeEncoder(vae),
  };
}

function text(part: NetworkPart<TextEncoderConfig>, which = ''): Networks {
  const name = `text encoder${which}`;
  return {
    [name]: () => buildTextEncoder(part),
    [`${name}, clip skip 1`]: () => buildTextEncoder(part, { clipSkip: 1 }),
    [`${name}, hidden states`]: () => buildTextEncoder(part, { hiddenStates: true }),
  };
}

async function controlNets(folder: string): Promise<Networks> {
  const names = readdirSync(folder).filter((name) => name.startsWith('controlnet'));
  const each = names.map(async (name) =>
    control((await openControlNetCheckpoint(join(folder, name))).controlnet, name),
  );
  return Object.assign({}, ...(await Promise.all(each))) as Networks;
}

function control(part: NetworkPart<ControlNetConfig>, name = 'controlnet'): Networks {
  const pooled = { ...part, config: { ...part.config, globalPoolConditions: true } };
  const bgr = { ...part, config: { ...part.config, channelOrder: 'bgr' as const } };
  return {
    [name]: () => buildControlNet(part),
    [`${name}, pooled`]: () => buildControlNet(pooled),
    [`${name}, hint encoder`]: () => buildHintEncoder(part),
    [`${name}, hint encoder, bgr`]: () => buildHintEncoder(bgr),
  };
}

async function openClip(path: string): Promise<NetworkPart<TextEncoderConfig>> {
  const file = await openSafetensors(path);
  const weights = splitFusedAttention(weightsOf([file], openClipRules, 'cond_stage_model.model.'));
  const raw = { ...inferTextEncoderConfig(weights, file.name, 'openclip'), num_attention_heads: 4 };
  return { config: parseTextEncoderConfig(raw, file.name), weights, weightsFolder: file.folder };
}
