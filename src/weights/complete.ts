import { createHash } from 'node:crypto';
import { ArmatureError } from '../errors.ts';
import {
  buildControlNet,
  buildHintEncoder,
  buildT2iAdapter,
  buildTextEncoder,
  buildUNet,
  buildTaesdDecoder,
  buildTaesdEncoder,
  buildVaeDecoder,
  buildVaeEncoder,
} from '../graph/compiler/index.ts';
import { refuseLeftovers } from './layouts/leftovers.ts';
import type { NetworkPart } from '../graph/weights.ts';
import type { TaesdCheckpoint } from './layouts/taesd.ts';
import type { VaeCheckpoint } from './layouts/vae.ts';
import type { BaseCheckpoint, T2iAdapterCheckpoint, WholeControlNet } from './layouts/layout.ts';

/**
 * Structures that were found complete in this process. Models of one architecture differ in their numbers alone: their
 * networks are compiled once.
 */
const complete = new Set<string>();
const mostStructures = 1000;

/** Runs `check`, which asks for weights by name and shape, unless parts of just this structure have passed it before. */
function once(parts: readonly NetworkPart<unknown>[], check: () => void): void {
  const structure = structureOf(parts);
  if (complete.has(structure)) return;
  check();
  if (complete.size === mostStructures) complete.clear();
  complete.add(structure);
}

/** All that a compiler asks of the parts: configs, and of each weight its name, what its file calls it, number format and shape. */
function structureOf(parts: readonly NetworkPart<unknown>[]): string {
  const hash = createHash('sha256');
  for (const { config, weights } of parts) {
    const listed = [...weights].map(([name, { tensor, dtype, shape }]) => [name, tensor, dtype, shape]);
    hash.update(JSON.stringify([config, listed]));
  }
  return hash.digest('base64');
}

/**
 * Makes sure that a base model can be drawn with, as far as headers and configs tell: its networks are compiled, which asks
 * for every weight by name and shape, and no weight is read. `model_invalid` with the first that is missing or has another
 * shape; `not_supported_yet` for channels that nothing here feeds or reads, and for a weight that no network takes in.
 */
export function requireCompleteBase({ unet, vae, textEncoders }: BaseCheckpoint, name: string): void {
  const { outChannels } = unet.config;
  const { latentChannels, imageChannels } = vae.config;
  if (outChannels !== latentChannels) {
    const detail = `The UNet of ${name} gives ${outChannels} channels where its latents have ${latentChannels}: models that learn their variance are not supported yet.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
  if (imageChannels !== 3) throw otherChannels(`The autoencoder of ${name} makes pictures`, imageChannels);
  once([...textEncoders, unet, vae], () => {
    for (const encoder of textEncoders) {
      refuseLeftovers(encoder, [buildTextEncoder(encoder)], name, unusedLayers(encoder.config.layers));
    }
    refuseLeftovers(unet, [buildUNet(unet)], name);
    // Models of more channels are fed a picture of their own.
    const encodes = hasEncoder({ vae }) || unet.config.inChannels !== latentChannels;
    const halves = encodes ? [buildVaeDecoder(vae), buildVaeEncoder(vae)] : [buildVaeDecoder(vae)];
    refuseLeftovers(vae, halves, name, encodes ? null : /^quant_conv\./);
  });
}

/** As {@link requireCompleteBase}, for a ControlNet. */
export function requireCompleteControlNet({ controlnet }: WholeControlNet, name: string): void {
  const { conditioningChannels } = controlnet.config;
  if (conditioningChannels !== 3) throw otherChannels(`The ControlNet ${name} takes maps`, conditioningChannels);
  once([controlnet], () => {
    refuseLeftovers(controlnet, [buildHintEncoder(controlnet), buildControlNet(controlnet)], name);
  });
}

/** As {@link requireCompleteBase}, for a T2I-Adapter. */
export function requireCompleteAdapter({ part }: T2iAdapterCheckpoint, name: string): void {
  once([part], () => {
    refuseLeftovers(part, [buildT2iAdapter(part)], name);
  });
}

/** Whether a model has the half of an autoencoder that drawing over a picture asks for, and drawing from noise does not. */
export function hasEncoder({ vae }: Pick<BaseCheckpoint, 'vae'>): boolean {
  return [...vae.weights.keys()].some((name) => name.startsWith('encoder.'));
}

/** As {@link requireCompleteBase}, for an autoencoder of its own: both halves, which other models are drawn over with. */
export function requireCompleteVae({ vae }: VaeCheckpoint, name: string): void {
  const { imageChannels } = vae.config;
  if (imageChannels !== 3) throw otherChannels(`The autoencoder ${name} makes pictures`, imageChannels);
  once([vae], () => refuseLeftovers(vae, [buildVaeDecoder(vae), buildVaeEncoder(vae)], name));
}

/** As {@link requireCompleteBase}, for a TAESD; gives the residual blocks of its decoder's levels. `model_invalid` where it has no decoder. */
export function requireCompleteTaesd({ taesd }: TaesdCheckpoint, name: string): readonly number[] {
  const { decoderBlocks, encoderBlocks } = taesd.config;
  if (decoderBlocks === null) {
    const detail = `${name} is the encoder of a TAESD: pictures are made by its decoder, a file of its own (taesd_decoder.safetensors). Bring that.`;
    throw new ArmatureError('model_invalid', detail);
  }
  once([taesd], () => {
    const encoders = encoderBlocks === null ? [] : [buildTaesdEncoder(taesd)];
    refuseLeftovers(taesd, [buildTaesdDecoder(taesd), ...encoders], name);
  });
  return decoderBlocks;
}

/** Layers beyond those that the config counts: SD 2.x reads its text before the last one. */
function unusedLayers(count: number): RegExp {
  const beyond = Array.from({ length: 64 }, (_, index) => count + index).join('|');
  return new RegExp(`^text_model\\.encoder\\.layers\\.(?:${beyond})\\.`);
}

function otherChannels(what: string, channels: number): ArmatureError {
  return new ArmatureError('not_supported_yet', `${what} of ${channels} channels: 3 (RGB) are supported.`);
}
