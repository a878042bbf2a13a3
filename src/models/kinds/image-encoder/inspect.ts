import type { ImageEncoderModel } from '../../../generation/models/image-encoder.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { openImageEncoder } from '../../../weights/layouts/image-encoder.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given, Graphs } from '../contract/kind.ts';

/** A folder with a config.json, or a single file. */
export async function inspectImageEncoder(
  path: string,
  { id, title, licence }: Given,
  file: SafetensorsFile | null,
): Promise<ImageEncoderModel> {
  const { layout, encoder, hash } = await openImageEncoder(path, file ?? undefined);
  const { imageSize, hiddenSize: hiddenWidth, projectionWidth } = encoder.config;
  const shape = { imageSize, hiddenWidth, projectionWidth };
  return { kind: 'image-encoder', id, title, licence, owner: null, hash, path, layout, ...shape };
}

export async function graphsOfImageEncoder({ path }: ImageEncoderModel): Promise<Graphs> {
  const { encoder } = await openImageEncoder(path);
  return new Map([['image-encoder', () => networks.imageEncoder(encoder)]]);
}
