import { wrongInit } from '../../../generation/kinds/training/trained/trained-kind.ts';
import { openControlNetCheckpoint } from '../../../weights/checkpoint.ts';
import { readFloats } from '../../../weights/safetensors/safetensors.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { InitialWeights } from '../contract/method.ts';

/** The weights of a ControlNet. `invalid_request` for one whose maps are read in another way than those of one that is trained here. */
export async function initialControlNet(path: string): Promise<InitialWeights> {
  const { config, weights, weightsFolder } = (await openControlNetCheckpoint(path)).controlnet;
  if (config.channelOrder !== 'rgb') throw wrongInit('It takes maps whose blue comes first.');
  if (config.globalPoolConditions) throw wrongInit('It averages what it says over the whole picture.');
  return new Map(
    [...weights].map(([name, ref]) => {
      const [first = 1, ...others] = ref.shape;
      const read = async (): Promise<Float32Array> => await readFloats(weightsFolder, ref);
      return [name, { shape: [first, elementCount(others)], read }] as const;
    }),
  );
}
