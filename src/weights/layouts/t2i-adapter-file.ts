import { inferT2iAdapterConfig } from '../configs/infer-t2i-adapter.ts';
import { t2iAdapterRules } from '../key-maps/t2i-adapter.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openWeightFile } from '../safetensors/weight-files.ts';
import type { T2iAdapterCheckpoint } from './layout.ts';
import { weightsOf } from './weights.ts';

/** A T2I-Adapter as a single file with the names of the original code or of diffusers. Its shapes say what it is. */
export async function openT2iAdapterFile(path: string, opened?: SafetensorsFile): Promise<T2iAdapterCheckpoint> {
  const file = opened ?? (await openWeightFile(path));
  const weights = weightsOf([file], t2iAdapterRules(file.tensors.keys()));
  const config = inferT2iAdapterConfig(weights, file.name);
  return {
    layout: 'single-file',
    part: { config, weights, weightsFolder: file.folder },
    hash: await fingerprint([file], [config]),
  };
}
