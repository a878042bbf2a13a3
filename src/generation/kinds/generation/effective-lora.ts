import { z } from 'zod';
import type { PlannedLora } from '../../plan.ts';
import { modelReference } from '../../references.ts';

export const effectiveLora = z
  .object({
    model: modelReference,
    scale: z.number(),
    text_encoder_scale: z.number(),
    applied: z
      .string()
      .describe('How it acts. merged: it is added to the weights, in a variant of the networks that is loaded for it'),
  })
  .meta({ id: 'EffectiveLora' });

/** A LoRA as it acts. */
export function loraView({ model, scale, textEncoderScale }: PlannedLora): z.output<typeof effectiveLora> {
  return { model: { ...model }, scale, text_encoder_scale: textEncoderScale, applied: 'merged' };
}
