import type { ControlNetModel } from '../../../generation/models/controlnet.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { openControlNetCheckpoint } from '../../../weights/checkpoint.ts';
import type { Graphs } from '../contract/kind.ts';

export async function graphsOfControlNet({ path }: ControlNetModel): Promise<Graphs> {
  const { controlnet } = await openControlNetCheckpoint(path);
  return new Map([
    ['controlnet', () => networks.controlNet(controlnet)],
    ['hint-encoder', () => networks.hintEncoder(controlnet)],
  ]);
}
