import type { BaseCheckpoint } from '../layouts/layout.ts';
import type { LoraTargets } from './match-lora.ts';

/** What adapters call the text encoders. */
export const loraTargetOf = { text_encoder: 'text', text_encoder_2: 'text_2' } as const;

/** The networks of a base model that adapters may change. */
export function loraTargets({ unet, textEncoders }: BaseCheckpoint): LoraTargets {
  return {
    unet: unet.weights,
    ...Object.fromEntries(textEncoders.map(({ name, weights }) => [loraTargetOf[name], weights])),
  };
}
