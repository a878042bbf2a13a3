import type { UNetConfig } from '../../../graph/configs.ts';
import { controlNetStep } from '../../../graph/steps/controlnet-step.ts';
import type { NetworkPart } from '../../../graph/weights.ts';
import { newControlNet } from '../../../weights/layouts/new-controlnet.ts';
import type { TrainingMethod } from '../contract/method.ts';

/** A ControlNet for this UNet, from its beginning; `hint` are channels of its hint encoder. */
export function controlNetMethod(unet: NetworkPart<UNetConfig>, hint?: readonly number[]): TrainingMethod {
  const { part, start } = newControlNet(unet, hint);
  return {
    fullStrength: 1,
    graph: (size, use) => controlNetStep(unet, part, size, use),
    wholes: () => new Map([...part.weights].map(([name, { shape }]) => [name, shape])),
    start: async (name, _, uniform) => await start(name, uniform),
  };
}
