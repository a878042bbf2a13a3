import { basename, join } from 'node:path';
import { z } from 'zod';
import type { BaseModel } from '../../generation/model.ts';
import { type DetectedFile, openBaseCheckpoint } from '../../weights/checkpoint.ts';
import { readConfig } from '../../weights/configs/raw-config.ts';
import { modelDefaults } from '../manifest/defaults.ts';
import { requireUsableBase } from './usable.ts';
import type { Given } from './kind.ts';

/** A diffusers folder or a single file. Throws as its parts do where the first picture would fail. */
export async function inspectBase(
  path: string,
  { id, title, manifest, told }: Given,
  file: DetectedFile['file'],
): Promise<BaseModel> {
  const checkpoint = await openBaseCheckpoint(path, { told }, file ?? undefined);
  const { layout, family, hash, textEncoders, prediction, vae } = checkpoint;
  const schedule = await requireUsableBase(checkpoint, basename(path));
  const textLayers = Math.min(...textEncoders.map(({ config }) => config.layers));
  const defaults = modelDefaults(manifest, family, layout === 'diffusers' ? await sampleSize(path) : null);
  return {
    kind: 'base',
    id,
    title,
    licence: manifest?.licence ?? null,
    owner: null,
    hash,
    family,
    path,
    layout,
    textLayers,
    prediction,
    schedule,
    latentScale: 2 ** (vae.config.blockChannels.length - 1),
    defaults,
  };
}

/** Side of the latents that the network was trained on, where its config says it: a whole number or nothing. */
async function sampleSize(folder: string): Promise<number | null> {
  const config = await readConfig(join(folder, 'unet', 'config.json'));
  return z.object({ sample_size: z.int().positive() }).safeParse(config).data?.sample_size ?? null;
}
