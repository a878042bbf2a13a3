import { ArmatureError } from '../../errors.ts';
import { isWeightType, type StoredNumbers } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';

/** By which the numbers of `x.weight` are multiplied: ComfyUI's name, and diffusers'. */
const scale = /\.(?:scale_weight|weight_scale)$/;
/** What else lies beside such a weight: how its layer's input is rounded where products are of 8 bits, and in which format the weight is. */
const beside = /\.(?:scale_input|input_scale|comfy_quant)$/;
/** Says that weights of 8 bits have scales. It may be empty. */
const marker = /(?:^|\.)scaled_fp8$/;

/** The weights of 8 bits of a file and their scales. */
export interface ScaledWeights {
  /** Whether a tensor is no weight, but says something of one. */
  readonly saysOfOthers: (tensor: string) => boolean;
  /** What a weight is multiplied by; undefined where it is as it is stored. Throws `model_invalid` where that is missing, or is not one number. */
  readonly scaleOf: (tensor: string) => StoredNumbers | undefined;
}

export function scaledWeights({ tensors, name, fileName }: SafetensorsFile): ScaledWeights {
  const isScaled = [...tensors.keys()].some((tensor) => marker.test(tensor));
  const isNarrow = (tensor: string): boolean => tensors.get(tensor)?.dtype.startsWith('F8') === true;
  const weightOf = (tensor: string): string => tensor.replace(/\.[^.]+$/, '.weight');
  const refuse = (tensor: string, expected: string, received: string): never => {
    throw new ArmatureError('model_invalid', `Expected ${expected} in ${name} for ${tensor} but received ${received}.`);
  };
  return {
    saysOfOthers: (tensor) =>
      marker.test(tensor) || ((scale.test(tensor) || beside.test(tensor)) && isNarrow(weightOf(tensor))),
    scaleOf: (tensor) => {
      if (!isNarrow(tensor)) return undefined;
      const layer = tensor.replace(/\.weight$/, '');
      const place = ['scale_weight', 'weight_scale'].find((kind) => tensors.has(`${layer}.${kind}`));
      if (place === undefined) return isScaled ? refuse(tensor, 'a scale, as scaled_fp8 says,', 'none') : undefined;
      const entry = tensors.get(`${layer}.${place}`) as TensorEntry;
      const { dtype, shape, byteOffset, byteLength } = entry;
      if (!isWeightType(dtype) || dtype.startsWith('F8') || elementCount(shape) !== 1) {
        return refuse(tensor, 'one number of 16 or 32 bits as its scale', `${dtype} [${shape.join(', ')}]`);
      }
      return { file: fileName, dtype, byteOffset, byteLength };
    },
  };
}
