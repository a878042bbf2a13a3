import { basename } from 'node:path';
import type { ControlNetModel } from '../../../generation/models/controlnet.ts';
import { openControlNetCheckpoint } from '../../../weights/checkpoint.ts';
import { requireCompleteControlNet } from '../../../weights/complete.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given } from '../contract/kind.ts';

/** A diffusers folder or a single file. */
export async function inspectControlNet(
  path: string,
  { id, title, licence, type, bundledWith }: Given,
  file: SafetensorsFile | null,
): Promise<ControlNetModel> {
  const checkpoint = await openControlNetCheckpoint(path, {}, file ?? undefined);
  requireCompleteControlNet(checkpoint, basename(path));
  const { layout, family, hash } = checkpoint;
  return { kind: 'controlnet', id, title, licence, owner: null, hash, family, path, layout, type, bundledWith };
}
