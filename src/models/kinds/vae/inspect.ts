import { basename } from 'node:path';
import type { VaeModel } from '../../../generation/models/vae.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { requireCompleteVae } from '../../../weights/complete.ts';
import { openVaeCheckpoint } from '../../../weights/layouts/vae.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import { saidFits } from '../contract/fits.ts';
import type { Given, Graphs } from '../contract/kind.ts';

/** A diffusers folder or a single file. */
export async function inspectVae(path: string, given: Given, file: SafetensorsFile | null): Promise<VaeModel> {
  const checkpoint = await openVaeCheckpoint(path, file ?? undefined);
  requireCompleteVae(checkpoint, basename(path));
  const { layout, vae, scalingFactor, hash } = checkpoint;
  return {
    kind: 'vae',
    id: given.id,
    title: given.title,
    licence: given.licence,
    owner: null,
    hash,
    path,
    layout,
    latentChannels: vae.config.latentChannels,
    latentScale: 2 ** (vae.config.blockChannels.length - 1),
    scalingFactor,
    fits: saidFits(given),
  };
}

export async function graphsOfVae({ path }: VaeModel): Promise<Graphs> {
  const { vae } = await openVaeCheckpoint(path);
  return new Map([
    ['vae-decoder', () => networks.vaeDecoder(vae)],
    ['vae-encoder', () => networks.vaeEncoder(vae)],
  ]);
}
