import { z } from 'zod';
import { effectiveOutput, outputView } from '../../effective-output.ts';
import { sha256 } from '../../references.ts';
import type { ExtractionPlan } from './plan.ts';

const options = z.record(z.string(), z.unknown());

export const effectiveExtraction = z
  .object({
    condition: z.string(),
    image: z.object({ sha256 }),
    options,
    resolution: z.int().nullable().describe('Short side that the picture was brought to; null: its own'),
    strict: z.boolean(),
    output: effectiveOutput,
  })
  .meta({ id: 'EffectiveExtraction' });

export type EffectiveExtraction = z.output<typeof effectiveExtraction>;

export function extractionView(plan: ExtractionPlan): EffectiveExtraction {
  const { condition, image, options, resolution, strict, output } = plan;
  return {
    condition,
    image: { sha256: image.sha256 },
    options: { ...options },
    resolution,
    strict,
    output: outputView(output),
  };
}
