import { z } from 'zod';
import { loraWays } from '../../lora-ways.ts';
import type { PlannedLora } from '../../plan.ts';
import { modelReference } from '../../references.ts';

export const effectiveLora = z
  .object({
    model: modelReference,
    scale: z.number(),
    text_encoder_scale: z.number(),
    applied: z
      .enum(loraWays)
      .describe(
        'How it acts. branches: beside the layers, so that requests with other LoRAs share its steps. merged: it is added to the weights, in a variant of the networks that is loaded for it',
      ),
  })
  .meta({ id: 'EffectiveLora' });

/** A LoRA as it acts. */
export function loraView({
  model,
  scale,
  textEncoderScale,
  applied = 'merged',
}: PlannedLora): z.output<typeof effectiveLora> {
  return { model: { ...model }, scale, text_encoder_scale: textEncoderScale, applied };
}
