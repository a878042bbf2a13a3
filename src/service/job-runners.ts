import type { Runner } from '../drawing/runner.ts';
import { extractionRunner } from '../drawing/runners/extraction.ts';
import { generationRunner } from '../drawing/runners/generation.ts';
import { upscaleRunner } from '../drawing/runners/upscale.ts';
import type { JobKindId, PlanOf } from '../generation/kinds/kinds.ts';
import { type TrainerParts, trainingRunner } from '../trainer/runner.ts';

/** Who does the jobs of each kind: one that is missing does not compile. */
export function jobRunners(trainer: TrainerParts): { readonly [Id in JobKindId]: Runner<PlanOf<Id>> } {
  return {
    generation: generationRunner,
    extraction: extractionRunner,
    upscale: upscaleRunner,
    training: trainingRunner(trainer),
  };
}
