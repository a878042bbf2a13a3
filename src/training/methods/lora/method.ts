import type { UNetConfig } from '../../../graph/configs.ts';
import { branchInputs } from '../../../graph/layers/branch.ts';
import type { BranchSet } from '../../../graph/networks/branch-sets.ts';
import { loraStep } from '../../../graph/steps/lora-step.ts';
import type { NetworkPart } from '../../../graph/weights.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { TrainingMethod } from '../contract/method.ts';

export interface LoraSettings {
  readonly layers: BranchSet;
  readonly rank: number;
  readonly alpha: number;
}

/** A LoRA beside layers of this UNet: its second factors begin as zeros, its first ones as kohya's trainer has them. */
export function loraMethod(unet: NetworkPart<UNetConfig>, { layers, rank, alpha }: LoraSettings): TrainingMethod {
  return {
    fullStrength: alpha / rank,
    graph: (size, use) => loraStep(unet, { layers, rank, scale: alpha / rank }, size, use),
    wholes: ({ inputs }) =>
      new Map(
        inputs.flatMap(({ name, value }) => {
          const isFactor = name.endsWith(branchInputs.down) || name.endsWith(branchInputs.up);
          return isFactor ? [[name, value.shape as readonly number[]] as const] : [];
        }),
      ),
    start: async (name, dims, uniform) => {
      const count = elementCount(dims);
      if (name.endsWith(branchInputs.up)) return await Promise.resolve(new Float32Array(count));
      return uniform(count).map((value) => value / Math.sqrt(count / rank));
    },
  };
}
