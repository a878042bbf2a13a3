import type { BaseModel } from '../../../generation/models/base.ts';
import { type Graph, networks } from '../../../graph/compiler/index.ts';
import { openDecidedBase } from '../../../weights/checkpoint.ts';
import type { Graphs } from '../contract/kind.ts';

export async function graphsOfBase(base: BaseModel): Promise<Graphs> {
  const { unet, textEncoders, vae } = await openDecidedBase(base);
  return new Map<string, () => Graph>([
    ['unet', () => networks.unet(unet)],
    ...textEncoders.map((encoder) => [encoder.name.replaceAll('_', '-'), () => networks.textEncoder(encoder)] as const),
    ['vae-decoder', () => networks.vaeDecoder(vae)],
    ['vae-encoder', () => networks.vaeEncoder(vae)],
  ]);
}
