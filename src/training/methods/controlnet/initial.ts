import { wrongInit } from '../../../generation/kinds/training/trained/trained-kind.ts';
import { openControlNetCheckpoint } from '../../../weights/checkpoint.ts';
import { readFloats } from '../../../weights/safetensors/safetensors.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { TrainedControlNet } from '../../../generation/kinds/training/trained/controlnet.ts';
import type { Initial } from '../contract/method.ts';

/** A ControlNet with the hint encoder that it has. `invalid_request` for one whose maps are read in another way than those of one that is trained here. */
export async function initialControlNet(path: string, trained: TrainedControlNet): Promise<Initial<TrainedControlNet>> {
  const { config, weights, weightsFolder } = (await openControlNetCheckpoint(path)).controlnet;
  if (config.channelOrder !== 'rgb') throw wrongInit('It takes maps whose blue comes first.');
  if (config.globalPoolConditions) throw wrongInit('It averages what it says over the whole picture.');
  const numbers = new Map(
    [...weights].map(([name, ref]) => {
      const [first = 1, ...others] = ref.shape;
      const floats = async (): Promise<Float32Array> => await readFloats(weightsFolder, ref);
      return [name, { shape: [first, elementCount(others)], read: floats }] as const;
    }),
  );
  return { trained: { ...trained, hint: config.hintChannels }, weights: numbers };
}
