import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import type { TaesdConfig } from '../../graph/configs.ts';
import type { NetworkPart, Weights } from '../../graph/weights.ts';
import { type ConfigSource, configSource, type RawConfig, readConfig } from '../configs/raw-config.ts';
import { inferTaesdConfig, requireTaesd, requireTaesdSizes } from '../configs/taesd-config.ts';
import { taesdRules } from '../key-maps/taesd.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openNetworkFolder, openWeightFile } from '../safetensors/weight-files.ts';
import { isFolder } from './layout.ts';
import { folderOf, sameNames, weightsOf } from './weights.ts';

/** A TAESD: a small autoencoder that stands in for a large one. Nothing but headers has been read. */
export interface TaesdCheckpoint {
  readonly layout: 'diffusers' | 'single-file';
  readonly taesd: NetworkPart<TaesdConfig>;
  readonly hash: string;
}

/**
 * Opens a TAESD: a folder in diffusers' layout, or a single .safetensors file with diffusers' names or with those of the original code,
 * which keeps each half in a file of its own. Throws `model_invalid` for what is none, `not_supported_yet` for a config that is not built.
 */
export async function openTaesdCheckpoint(path: string, opened?: SafetensorsFile): Promise<TaesdCheckpoint> {
  const isOneFile = opened !== undefined || !(await isFolder(path));
  const said = isOneFile ? null : await taesdConfigIn(path);
  const files = isOneFile ? [opened ?? (await openWeightFile(path))] : await openNetworkFolder(path);
  const weights = taesdWeights(files);
  const config = inferTaesdConfig(weights, files[0]?.name ?? path);
  if (said !== null) requireTaesdSizes(said.raw, said.source, config);
  return {
    layout: isOneFile ? 'single-file' : 'diffusers',
    taesd: { config, weights, weightsFolder: folderOf(files) },
    hash: await fingerprint(files, [config]),
  };
}

async function taesdConfigIn(folder: string): Promise<{ readonly raw: RawConfig; readonly source: ConfigSource }> {
  const path = join(folder, 'config.json');
  const [raw, source] = [await readConfig(path), configSource(path)];
  requireTaesd(raw, source);
  return { raw, source };
}

/** Which half a file with the names of the original code holds; null where its names are others. */
function originalHalf({ tensors }: Pick<SafetensorsFile, 'tensors'>): keyof typeof taesdRules | null {
  if (tensors.has('1.weight') && tensors.has('3.conv.0.weight')) return 'decoder';
  return tensors.has('0.weight') && tensors.has('1.conv.0.weight') ? 'encoder' : null;
}

/** Whether the names of a file's tensors are those of a TAESD, or of a half of one. */
export function isTaesd(file: Pick<SafetensorsFile, 'tensors'>): boolean {
  return originalHalf(file) !== null || file.tensors.has('decoder.layers.2.conv.0.weight');
}

function taesdWeights(files: readonly SafetensorsFile[]): Weights {
  const [file] = files;
  const half = file === undefined ? null : originalHalf(file);
  if (file !== undefined && half === null && !isTaesd(file)) {
    throw new ArmatureError('model_invalid', `Expected a TAESD in ${file.name} but received tensors of another kind.`);
  }
  return weightsOf(files, half === null ? sameNames : taesdRules[half]);
}
