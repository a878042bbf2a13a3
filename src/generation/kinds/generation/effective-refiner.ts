import { z } from 'zod';
import type { GenerationPlan } from '../../plan.ts';
import { modelReference } from '../../references.ts';
import { controlPasses } from '../../request/choices.ts';

const run = z.object({ steps: z.int(), evaluations: z.int() }).nullable();

/** The model that drew the last steps; null where there was none. */
export const effectiveRefiner = z
  .object({
    model: modelReference,
    switch_at: z.number(),
    below: z.int().describe('It drew the steps that begin below this timestep'),
    passes: z.enum(controlPasses).describe('Of which passes it drew the end'),
    runs: z.object({ low: run, high: run }).describe('What it drew of each; run of the others is without that'),
  })
  .meta({ id: 'EffectiveRefiner' });

export function refinerView({ refiner }: GenerationPlan): z.output<typeof effectiveRefiner> | null {
  if (refiner === undefined) return null;
  const { low, high } = refiner.runs;
  return {
    model: { ...refiner.model },
    switch_at: refiner.switchAt,
    below: refiner.below,
    passes: low === undefined ? 'high' : high === undefined ? 'low' : 'both',
    runs: { low: low === undefined ? null : { ...low }, high: high === undefined ? null : { ...high } },
  };
}

export const effectiveScores = {
  aesthetic_score: z.number().nullable().describe('What a refiner was told; null where there was none'),
  negative_aesthetic_score: z.number().nullable(),
} as const;

/** What the refiner of a plan is told, whichever place it has there. */
export function scoresView({ added, hires, refiner }: GenerationPlan) {
  const scores = added?.scores ?? refiner?.added?.scores ?? hires?.added?.scores;
  return { aesthetic_score: scores?.prompt ?? null, negative_aesthetic_score: scores?.negative ?? null };
}
