import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { float32Tensor, writeSafetensors, type WrittenTensor } from '../weights/write-safetensors.ts';
import { arraysOf, floats, smallModelPath } from './golden.ts';

const weightFile = 'diffusion_pytorch_model.safetensors';

/** A UNet as a file holds it, with what the layer of its guidance is made of. */
interface GuidedUNet {
  readonly tensors: Readonly<Record<string, WrittenTensor>>;
  readonly layer: Float32Array;
  readonly channels: number;
}

/** The numbers of the layer follow from the model alone, and are as large as those of a trained one. */
function guided(model: string, width: number): GuidedUNet {
  const arrays = arraysOf(join(smallModelPath('models', model), 'unet', weightFile));
  const tensors = Object.fromEntries(
    [...arrays].map(([name, { dims }]) => [name, float32Tensor(dims, floats(arrays, name))]),
  );
  const [, channels = 0] = arrays.get('time_embedding.linear_1.weight')!.dims;
  const layer = Float32Array.from({ length: channels * width }, (_, i) => Math.sin(i * 12.9898) * 0.5);
  return { tensors, layer, channels };
}

/** A small model in a folder of its own, whose UNet takes the guidance as an input, by sinusoids of that width. */
export function makeGuidedFolder(folder: string, width: number, model = 'sd15-tiny'): void {
  const { tensors, layer, channels } = guided(model, width);
  cpSync(smallModelPath('models', model), folder, { recursive: true });
  const extended = { ...tensors, 'time_embedding.cond_proj.weight': float32Tensor([channels, width], layer) };
  writeSafetensors(join(folder, 'unet', weightFile), extended);
  const config = join(folder, 'unet', 'config.json');
  const settings = JSON.parse(readFileSync(config, 'utf8')) as object;
  writeFileSync(config, JSON.stringify({ ...settings, time_cond_proj_dim: width }));
}

/**
 * A model without that input that answers as the one of makeGuidedFolder does at just this guidance scale: what the layer adds is the same in
 * every row then, so that the bias of the layer behind it can hold it (diffusers' get_guidance_scale_embedding and TimestepEmbedding,
 * written out, rounded where torch rounds).
 */
export function makeFixedFolder(folder: string, width: number, scale: number, model = 'sd15-tiny'): void {
  const { tensors, layer, channels } = guided(model, width);
  const half = width / 2;
  const { fround } = Math;
  const decay = fround(fround(Math.log(10_000)) / (half - 1));
  const waves = Array.from({ length: width }, (_, i) => {
    const frequency = fround(Math.exp(fround(-decay * (i % half))));
    const angle = fround(1000 * (scale - 1) * frequency);
    return i < half ? Math.sin(angle) : Math.cos(angle);
  });
  const added = Array.from({ length: channels }, (_, row) =>
    waves.reduce((sum, wave, column) => sum + wave * layer[row * width + column]!, 0),
  );
  const arrays = arraysOf(join(smallModelPath('models', model), 'unet', weightFile));
  const first = floats(arrays, 'time_embedding.linear_1.weight');
  const bias = floats(arrays, 'time_embedding.linear_1.bias').map((value, row) =>
    added.reduce((sum, one, column) => sum + one * first[row * channels + column]!, value),
  );
  cpSync(smallModelPath('models', model), folder, { recursive: true });
  const changed = { ...tensors, 'time_embedding.linear_1.bias': float32Tensor([bias.length], bias) };
  writeSafetensors(join(folder, 'unet', weightFile), changed);
}
