import { basename } from 'node:path';
import type { ControlNetModel } from '../../../generation/models/controlnet.ts';
import { openControlNetCheckpoint, openControlNetOnBase } from '../../../weights/checkpoint.ts';
import { requireCompleteControlNet } from '../../../weights/complete.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given } from '../contract/kind.ts';

/** A diffusers folder or a single file. */
export async function inspectControlNet(
  path: string,
  { id, title, licence, type, bundledWith }: Given,
  file: SafetensorsFile | null,
): Promise<ControlNetModel> {
  const common = { kind: 'controlnet', id, title, licence, owner: null, path, bundledWith } as const;
  const bound = await openControlNetOnBase(path, file ?? undefined);
  if (bound !== null) {
    const { layout, family, hash, method } = bound;
    return { ...common, layout, family, hash, type, unionTypes: null, changes: method };
  }
  const checkpoint = await openControlNetCheckpoint(path, {}, file ?? undefined);
  requireCompleteControlNet(checkpoint, basename(path));
  const { layout, family, hash } = checkpoint;
  const unionTypes = checkpoint.controlnet.config.union?.types ?? null;
  return { ...common, layout, family, hash, type: unionTypes === null ? type : null, unionTypes, changes: null };
}
