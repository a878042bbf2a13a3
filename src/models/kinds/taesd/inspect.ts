import { basename } from 'node:path';
import type { TaesdModel } from '../../../generation/models/taesd.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { requireCompleteTaesd } from '../../../weights/complete.ts';
import { openTaesdCheckpoint } from '../../../weights/layouts/taesd.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import { saidFits } from '../contract/fits.ts';
import type { Given, Graphs } from '../contract/kind.ts';

/** A diffusers folder or a single file. `model_invalid` for the encoder alone. */
export async function inspectTaesd(path: string, given: Given, file: SafetensorsFile | null): Promise<TaesdModel> {
  const checkpoint = await openTaesdCheckpoint(path, file ?? undefined);
  const blocks = requireCompleteTaesd(checkpoint, basename(path));
  const { layout, taesd, hash } = checkpoint;
  return {
    kind: 'taesd',
    id: given.id,
    title: given.title,
    licence: given.licence,
    owner: null,
    hash,
    path,
    layout,
    latentChannels: taesd.config.latentChannels,
    latentScale: 2 ** (blocks.length - 1),
    fits: saidFits(given),
  };
}

export async function graphsOfTaesd({ path }: TaesdModel): Promise<Graphs> {
  const { taesd } = await openTaesdCheckpoint(path);
  return new Map([
    ['decoder', () => networks.taesdDecoder(taesd)],
    ...(taesd.config.encoderBlocks === null ? [] : [['encoder', () => networks.taesdEncoder(taesd)] as const]),
  ]);
}
