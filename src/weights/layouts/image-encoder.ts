import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { buildImageEncoder } from '../../graph/compiler/index.ts';
import type { ImageEncoderConfig } from '../../graph/configs.ts';
import type { NetworkPart } from '../../graph/weights.ts';
import { inferImageEncoderConfig, parseImageEncoderConfig } from '../configs/image-encoder-config.ts';
import { configSource, readConfig } from '../configs/raw-config.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openNetworkFolder, openWeightFile } from '../safetensors/weight-files.ts';
import { isFolder } from './layout.ts';
import { refuseLeftovers } from './leftovers.ts';
import { folderOf, sameNames, weightsOf } from './weights.ts';

/** CLIP's vision tower with its projection. Nothing but headers and a config has been read. */
export interface ImageEncoderCheckpoint {
  readonly layout: 'diffusers' | 'single-file';
  readonly encoder: NetworkPart<ImageEncoderConfig>;
  readonly hash: string;
}

/** Harmless in other files, and wanted here. Its position_ids, which older releases of transformers store, are no weights. */
const ofTower = /^(?:vision_model\.(?!embeddings\.position_ids$)|visual_projection\.)/;

/**
 * Opens an image encoder with the names of transformers (CLIPVisionModelWithProjection): a folder with its config.json, or a single file, whose
 * shapes say which of the published ones it is. Throws `model_invalid` for what is none, `not_supported_yet` for a tensor that has no use.
 */
export async function openImageEncoder(path: string, opened?: SafetensorsFile): Promise<ImageEncoderCheckpoint> {
  const isOneFile = opened !== undefined || !(await isFolder(path));
  const files = isOneFile ? [opened ?? (await openWeightFile(path))] : await openNetworkFolder(path);
  const name = files[0]?.name ?? path;
  if (!files.some(isImageEncoder)) {
    const detail = `Expected an image encoder (CLIP's vision tower with its projection) in ${name} but received tensors of another kind.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const weights = weightsOf(files, sameNames, '', (weight) => ofTower.test(weight));
  const config = join(path, 'config.json');
  const encoder = {
    config: isOneFile
      ? inferImageEncoderConfig(weights, name)
      : parseImageEncoderConfig(await readConfig(config), configSource(config)),
    weights,
    weightsFolder: folderOf(files),
  };
  refuseLeftovers(encoder, [buildImageEncoder(encoder)], name);
  return {
    layout: isOneFile ? 'single-file' : 'diffusers',
    encoder,
    hash: await fingerprint(files, [encoder.config]),
  };
}

/** Whether the names of a file's tensors are those of a vision tower with a projection, and of nothing else. */
export function isImageEncoder({ tensors }: Pick<SafetensorsFile, 'tensors'>): boolean {
  return tensors.has('visual_projection.weight') && tensors.has('vision_model.embeddings.class_embedding');
}
