import { basename } from 'node:path';
import { ArmatureError } from '../errors.ts';
import { taskOf } from '../graph/task.ts';
import type { Distilled } from '../schedulers/distillations.ts';
import type { Prediction } from '../schedulers/prediction-type.ts';
import type { RawConfig } from './configs/raw-config.ts';
import { openBaseFolder, openControlNetFolder, openT2iAdapterFolder } from './layouts/diffusers-folder.ts';
import {
  type BaseCheckpoint,
  type BaseOverrides,
  type ControlNetCheckpoint,
  isFolder,
  type T2iAdapterCheckpoint,
} from './layouts/layout.ts';
import { type BoundControlNet, boundMethod, openBoundControlNet } from './layouts/bound-controlnet.ts';
import { openBaseFile, openControlNetFile } from './layouts/single-file.ts';
import { openT2iAdapterFile } from './layouts/t2i-adapter-file.ts';
import type { SafetensorsFile } from './safetensors/safetensors.ts';
import { openWeightFile } from './safetensors/weight-files.ts';

export type { BoundControlNet, BoundMethod } from './layouts/bound-controlnet.ts';
export type {
  BaseCheckpoint,
  BaseOverrides,
  ControlNetCheckpoint,
  T2iAdapterCheckpoint,
  TextEncoderPart,
  WholeControlNet,
} from './layouts/layout.ts';

/**
 * Opens a base model: a diffusers folder, or a single .safetensors file with the original names of SD 1.x, 2.x or SDXL; of one whose
 * header has been read that is `file`. Throws
 * `model_invalid` where files are missing, damaged or contradict each other, `not_supported_yet` for other architectures.
 */
export async function openBaseCheckpoint(
  path: string,
  overrides: BaseOverrides = {},
  file?: SafetensorsFile,
): Promise<BaseCheckpoint> {
  const isOneFile = file !== undefined || !(await isFolder(path));
  const opened = isOneFile ? await openBaseFile(path, overrides, file) : await openBaseFolder(path, overrides);
  const { unet, vae, textEncoders } = opened;
  const { latentChannels } = vae.config;
  const name = basename(path);
  if (taskOf(unet.config.inChannels, latentChannels) === null) {
    throw new ArmatureError(
      'not_supported_yet',
      `The UNet of ${name} takes ${unet.config.inChannels} channels where its latents have ${latentChannels}: ${refusedTask(unet.config.inChannels)} not supported.`,
    );
  }
  if (unet.config.guidanceWidth !== undefined && taskOf(unet.config.inChannels, latentChannels) === 'editing') {
    const detail = `The UNet of ${name} changes pictures by words and takes its guidance as an input: such models are not supported.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
  const widths = textEncoders.map(({ config }) => config.hiddenSize);
  const width = widths.reduce((sum, one) => sum + one, 0);
  if (unet.config.crossAttentionDim !== width) {
    throw new ArmatureError(
      'model_invalid',
      `Expected a text encoder of width ${unet.config.crossAttentionDim} in ${name} but received ${widths.join(' and ')}.`,
    );
  }
  return opened;
}

/** A base model of which was decided before what it predicts and how it was distilled. */
interface DecidedBase {
  readonly path: string;
  readonly prediction: Pick<Prediction, 'type' | 'zeroSnr'>;
  readonly distilled: Pick<Distilled, 'as'> | null;
}

/**
 * The same for a base model that was looked into before: what was decided then holds, and its files, which may say what is not known, are not asked
 * again. Throws as {@link openBaseCheckpoint}.
 */
export async function openDecidedBase({ path, prediction, distilled }: DecidedBase): Promise<BaseCheckpoint> {
  const { type, zeroSnr } = prediction;
  const library = { source: 'the library' } as const;
  return await openBaseCheckpoint(path, {
    told: [{ by: 'user', ...library, type, zeroSnr }],
    toldDistilled: [{ decidedBy: 'user', ...library, as: distilled?.as ?? 'none' }],
  });
}

/**
 * Opens a ControlNet: a diffusers folder, or a single .safetensors file with lllyasviel's or diffusers' names. `overrides` are
 * settings by diffusers' names. Throws as above.
 */
export async function openControlNetCheckpoint(
  path: string,
  overrides: RawConfig = {},
  file?: SafetensorsFile,
): Promise<ControlNetCheckpoint> {
  const isOneFile = file !== undefined || !(await isFolder(path));
  return isOneFile ? await openControlNetFile(path, overrides, file) : await openControlNetFolder(path, overrides);
}

/** Opens a ControlNet that is whole only on a base model: a single file with a marker. Null for any other. Throws as above. */
export async function openControlNetOnBase(path: string, file?: SafetensorsFile): Promise<BoundControlNet | null> {
  if (file === undefined && (await isFolder(path))) return null;
  const opened = file ?? (await openWeightFile(path));
  const method = boundMethod(opened);
  return method === null ? null : await openBoundControlNet(opened, method);
}

/** Opens a T2I-Adapter: a diffusers folder, or a single .safetensors file. Throws as above. */
export async function openT2iAdapterCheckpoint(path: string, file?: SafetensorsFile): Promise<T2iAdapterCheckpoint> {
  const isOneFile = file !== undefined || !(await isFolder(path));
  return isOneFile ? await openT2iAdapterFile(path, file) : await openT2iAdapterFolder(path);
}

/** What models with so many input channels are, as far as there are public ones. */
function refusedTask(channels: number): string {
  if (channels === 5) return 'a depth model is';
  return channels === 7 ? 'an upscaler by diffusion (x4) is' : 'such models are';
}
