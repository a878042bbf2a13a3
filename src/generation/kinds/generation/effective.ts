import { z } from 'zod';
import { resizeModes } from '../../../pixels/resize-mode.ts';
import { schedulerIds } from '../../../schedulers/registry.ts';
import { effectiveOutput, outputView } from '../../effective-output.ts';
import type { GenerationPlan } from '../../plan.ts';
import { modelReference, sha256, variationView } from '../../references.ts';
import { controlView, effectiveControl } from './effective-control.ts';

export const effectiveGeneration = z
  .object({
    model: modelReference,
    prompt: z.string(),
    negative_prompt: z.string(),
    width: z.int(),
    height: z.int(),
    steps: z.int(),
    guidance_scale: z.number(),
    guidance_rescale: z.number(),
    scheduler: z.enum(schedulerIds),
    eta: z.number(),
    seed: z.int(),
    count: z.int(),
    clip_skip: z.int(),
    init_image: z
      .object({ sha256 })
      .nullable()
      .describe('What was drawn over; null where drawing began with noise alone'),
    init_resize: z.enum(resizeModes).nullable(),
    strength: z.number().nullable(),
    variation: variationView.nullable(),
    controls: z.array(effectiveControl),
    strict: z.boolean(),
    evaluate: z.boolean(),
    best_of: z.int(),
    output: effectiveOutput.extend({
      metadata: z.boolean().describe('Whether the files carry the parameters as text'),
    }),
  })
  .meta({ id: 'EffectiveGeneration' });

export type EffectiveGeneration = z.output<typeof effectiveGeneration>;

export function generationView(plan: GenerationPlan, mapUrl: (control: number) => string | null): EffectiveGeneration {
  return {
    model: { ...plan.model },
    prompt: plan.prompt,
    negative_prompt: plan.negativePrompt,
    width: plan.width,
    height: plan.height,
    steps: plan.steps,
    guidance_scale: plan.guidanceScale,
    guidance_rescale: plan.guidanceRescale,
    scheduler: plan.scheduler,
    eta: plan.eta,
    seed: plan.seed,
    count: plan.count,
    clip_skip: plan.clipSkip,
    init_image: plan.init === undefined ? null : { sha256: plan.init.image.sha256 },
    init_resize: plan.init?.resize ?? null,
    strength: plan.init?.strength ?? null,
    variation: plan.variation === undefined ? null : { ...plan.variation },
    controls: plan.controls.map((control, index) => controlView(control, mapUrl(index))),
    strict: plan.strict,
    evaluate: plan.evaluate,
    best_of: plan.bestOf,
    output: { ...outputView(plan.output), metadata: plan.output.metadata },
  };
}
