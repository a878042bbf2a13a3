import { basename } from 'node:path';
import type { ControlNetModel } from '../../generation/model.ts';
import { type DetectedFile, openControlNetCheckpoint } from '../../weights/checkpoint.ts';
import { requireCompleteControlNet } from '../../weights/complete.ts';
import type { Given } from './kind.ts';

/** A diffusers folder or a single file, for `type`, which came with the base model `bundledWith`. */
export async function inspectControlNet(
  path: string,
  { id, title, manifest }: Given,
  file: DetectedFile['file'],
  type: string | null,
  bundledWith: string | null,
): Promise<ControlNetModel> {
  const checkpoint = await openControlNetCheckpoint(path, {}, file ?? undefined);
  requireCompleteControlNet(checkpoint, basename(path));
  const { layout, family, hash } = checkpoint;
  const licence = manifest?.licence ?? null;
  return { kind: 'controlnet', id, title, licence, owner: null, hash, family, path, layout, type, bundledWith };
}
