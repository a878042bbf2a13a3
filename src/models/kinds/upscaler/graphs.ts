import type { UpscalerModel } from '../../../generation/models/upscaler.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { openUpscalerFile } from '../../../weights/layouts/upscaler-file.ts';
import type { Graphs } from '../contract/kind.ts';

export async function graphsOfUpscaler({ path }: UpscalerModel): Promise<Graphs> {
  const { upscaler } = await openUpscalerFile(path);
  return new Map([['upscaler', () => networks.upscaler(upscaler)]]);
}
