import type { TrainedControlNet } from '../../../generation/kinds/training/trained/controlnet.ts';
import type { MethodRow } from '../contract/method.ts';
import { initialControlNet } from './initial.ts';
import { controlNetMethod } from './method.ts';
import { writeControlNet } from './write.ts';

export const controlNetRow: MethodRow<TrainedControlNet> = {
  open: (unet, { hint }) => controlNetMethod(unet, hint),
  initial: async (path, _, trained) => await initialControlNet(path, trained),
  write: writeControlNet,
  what: ({ condition }) => `A ControlNet for maps of ${condition}`,
  facts: ({ condition }) => [['condition', condition]],
};
