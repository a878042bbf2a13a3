import type { UpscalerModel } from '../../../generation/models/upscaler.ts';
import { openUpscalerFile, scaleOf } from '../../../weights/layouts/upscaler-file.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given } from '../contract/kind.ts';

/** A single file. */
export async function inspectUpscaler(
  path: string,
  { id, title, licence }: Given,
  file: SafetensorsFile | null,
): Promise<UpscalerModel> {
  const { upscaler, hash } = await openUpscalerFile(path, file ?? undefined);
  return { kind: 'upscaler', id, title, licence, owner: null, hash, path, scale: scaleOf(upscaler.config) };
}
