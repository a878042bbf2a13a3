import { z } from 'zod';
import type { PlannedEmbedding } from '../../plan.ts';
import { modelReference } from '../../references.ts';

export const effectiveEmbedding = z
  .object({
    name: z.string().describe('As it stands in the prompts, in lower case'),
    model: modelReference.describe('The embedding, or the LoRA that brings it'),
    bundled: z.string().nullable().describe('What its LoRA calls it; null for an embedding of its own'),
  })
  .meta({ id: 'EffectiveEmbedding' });

/** A learned word that the prompts hold. */
export function embeddingView({ name, model, bundled }: PlannedEmbedding): z.output<typeof effectiveEmbedding> {
  return { name, model: { ...model }, bundled: bundled ?? null };
}
