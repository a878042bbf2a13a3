import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import type { VaeConfig } from '../../graph/configs.ts';
import type { NetworkPart, Weights } from '../../graph/weights.ts';
import { inferVaeConfig } from '../configs/infer.ts';
import { configSource, readConfig } from '../configs/raw-config.ts';
import { readSidecars, sidecarSettings } from '../configs/sidecar.ts';
import { parseVaeConfig } from '../configs/vae-config.ts';
import { ldmVaeRules, oldVaeAttentionRules } from '../key-maps/ldm-vae.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openNetworkFolder, openWeightFile } from '../safetensors/weight-files.ts';
import { isFolder } from './layout.ts';
import { folderOf, weightsOf } from './weights.ts';

/** An autoencoder of its own. Nothing but headers and configs has been read. */
export interface VaeCheckpoint {
  readonly layout: 'diffusers' | 'single-file';
  readonly vae: NetworkPart<VaeConfig>;
  /**
   * Latents of the denoiser are its latents times this, by its config; null where a single file has none that says it: those of Stable
   * Diffusion 1.x, 2.x and XL have the same names and shapes.
   */
  readonly scalingFactor: number | null;
  readonly hash: string;
}

/**
 * Opens an autoencoder: a folder in diffusers' layout, or a single .safetensors file with diffusers' names or those of the original code,
 * with or without their prefix. Throws `model_invalid` and `not_supported_yet` as base models do.
 */
export async function openVaeCheckpoint(path: string, opened?: SafetensorsFile): Promise<VaeCheckpoint> {
  const isOneFile = opened !== undefined || !(await isFolder(path));
  return isOneFile ? await openFile(path, opened) : await openFolder(path);
}

async function openFolder(folder: string): Promise<VaeCheckpoint> {
  const path = join(folder, 'config.json');
  const config = parseVaeConfig(await readConfig(path), configSource(path));
  const files = await openNetworkFolder(folder);
  const part = { config, weights: weightsOf(files, oldVaeAttentionRules), weightsFolder: folderOf(files) };
  // A config without the factor means diffusers' own.
  return await checkpoint('diffusers', part, config.scalingFactor, files);
}

async function openFile(path: string, opened?: SafetensorsFile): Promise<VaeCheckpoint> {
  const file = opened ?? (await openWeightFile(path));
  const told = sidecarSettings(await readSidecars(path), 'vae');
  const weights = fileWeights(file);
  const config = parseVaeConfig({ ...inferVaeConfig(weights, file.name), ...told }, file.name);
  const part = { config, weights, weightsFolder: file.folder };
  return await checkpoint('single-file', part, 'scaling_factor' in told ? config.scalingFactor : null, [file]);
}

async function checkpoint(
  layout: VaeCheckpoint['layout'],
  vae: NetworkPart<VaeConfig>,
  scalingFactor: number | null,
  files: readonly SafetensorsFile[],
): Promise<VaeCheckpoint> {
  return { layout, vae, scalingFactor, hash: await fingerprint(files, [vae.config]) };
}

/** What may stand before the names of an autoencoder: nothing, or what it has inside a whole model. */
const prefixes = ['', 'first_stage_model.', 'vae.'] as const;

/** Under the names of the original code, or of diffusers. */
const lastLayers = ['decoder.norm_out.weight', 'decoder.conv_norm_out.weight'] as const;

/** Whether a file holds an autoencoder, by the names of its tensors; one beside a UNet is a part of that model. */
export function isVae({ tensors }: Pick<SafetensorsFile, 'tensors'>): boolean {
  return (
    prefixOf(tensors) !== undefined && ![...tensors.keys()].some((name) => name.startsWith('model.diffusion_model.'))
  );
}

function prefixOf(tensors: SafetensorsFile['tensors']): string | undefined {
  return prefixes.find((prefix) => lastLayers.some((layer) => tensors.has(prefix + layer)));
}

function fileWeights(file: SafetensorsFile): Weights {
  const prefix = prefixOf(file.tensors);
  if (prefix === undefined) {
    throw new ArmatureError(
      'model_invalid',
      `Expected an autoencoder in ${file.name} but received tensors of another kind.`,
    );
  }
  if (file.tensors.has(`${prefix}decoder.conv_norm_out.weight`)) return weightsOf([file], oldVaeAttentionRules, prefix);
  const level = new RegExp(`^${prefix.replaceAll('.', '\\.')}decoder\\.up\\.\\d+\\.block\\.0\\.conv1\\.weight$`);
  const levels = [...file.tensors.keys()].filter((name) => level.test(name)).length;
  return weightsOf([file], ldmVaeRules(levels), prefix);
}
