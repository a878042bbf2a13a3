import { z } from 'zod';
import { schedulerIds } from '../../../schedulers/registry.ts';
import { ownEta, scheduleOf } from '../../../schedulers/create-scheduler.ts';
import { scheduleIds } from '../../../schedulers/schedules/registry.ts';
import type { GenerationPlan } from '../../plan.ts';
import { modelReference } from '../../references.ts';

export const effectiveHires = z
  .object({
    model: modelReference,
    width: z.int(),
    height: z.int(),
    enlarged: z
      .object({ width: z.int(), height: z.int() })
      .describe('What the first pass drew was brought to this size and cut to width x height'),
    upscaler: z.string(),
    steps: z.int(),
    run: z.object({ steps: z.int(), evaluations: z.int() }),
    strength: z.number(),
    scheduler: z.enum(schedulerIds),
    schedule: z.enum(scheduleIds).nullable(),
    eta: z.number(),
    s_churn: z.number(),
    prompt: z.string().nullable().describe('null: as the first pass'),
    negative_prompt: z.string().nullable().describe('null: as the first pass'),
  })
  .meta({ id: 'EffectiveHires' });

/** The second pass as it was drawn; null where there is none. */
export function hiresView({ hires }: GenerationPlan): z.output<typeof effectiveHires> | null {
  if (hires === undefined) return null;
  const { model, width, height, enlarged, upscaler, steps, run, strength, scheduler } = hires;
  return {
    model: { ...model },
    width,
    height,
    enlarged: { ...enlarged },
    upscaler: upscaler.id,
    steps,
    run: { ...run },
    strength,
    scheduler,
    schedule: scheduleOf(scheduler, hires.schedule),
    eta: hires.eta ?? ownEta(scheduler),
    s_churn: hires.sChurn,
    prompt: hires.prompt,
    negative_prompt: hires.negativePrompt,
  };
}
