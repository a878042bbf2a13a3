import type { TrainedLora } from '../../../generation/kinds/training/trained/lora.ts';
import type { MethodRow } from '../contract/method.ts';
import { initialLora } from './initial.ts';
import { loraMethod } from './method.ts';
import { writeLora } from './write.ts';

export const loraRow: MethodRow<TrainedLora> = {
  open: (unet, { targets, rank, alpha }) => {
    const layers = targets.includes('conv') ? 'all' : targets.includes('mlp') ? 'transformers' : 'attention';
    return loraMethod(unet, { layers, rank, alpha });
  },
  initial: initialLora,
  write: writeLora,
  what: () => 'A LoRA',
  facts: ({ rank, alpha, targets }) => [
    ['rank, alpha', `${rank}, ${alpha}`],
    ['layers', targets.join(', ')],
  ],
};
