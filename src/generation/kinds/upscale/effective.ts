import { z } from 'zod';
import { effectiveOutput, outputView } from '../../effective-output.ts';
import { sha256 } from '../../references.ts';
import type { UpscalePlan } from './plan.ts';

export const effectiveUpscale = z
  .object({
    image: z.object({ sha256 }),
    upscaler: z.string(),
    width: z.int(),
    height: z.int(),
    output: effectiveOutput,
  })
  .meta({ id: 'EffectiveUpscale' });

export type EffectiveUpscale = z.output<typeof effectiveUpscale>;

export function upscaleView({ image, upscaler, width, height, output }: UpscalePlan): EffectiveUpscale {
  return { image: { sha256: image.sha256 }, upscaler: upscaler.id, width, height, output: outputView(output) };
}
