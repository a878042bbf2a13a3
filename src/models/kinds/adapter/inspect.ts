import { basename } from 'node:path';
import type { AdapterModel } from '../../../generation/models/adapter.ts';
import { openT2iAdapterCheckpoint } from '../../../weights/checkpoint.ts';
import { requireCompleteAdapter } from '../../../weights/complete.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given } from '../contract/kind.ts';

/** A diffusers folder or a single file. */
export async function inspectAdapter(
  path: string,
  { id, title, licence, type, bundledWith }: Given,
  file: SafetensorsFile | null,
): Promise<AdapterModel> {
  const checkpoint = await openT2iAdapterCheckpoint(path, file ?? undefined);
  requireCompleteAdapter(checkpoint, basename(path));
  const { layout, hash, part } = checkpoint;
  const { cell, levels } = part.config;
  let pixels = cell;
  const features = levels.map(({ channels, halved }) => {
    if (halved !== 'no') pixels *= 2;
    return { channels, pixels };
  });
  return { kind: 'adapter', id, title, licence, owner: null, path, layout, hash, type, cell, features, bundledWith };
}
