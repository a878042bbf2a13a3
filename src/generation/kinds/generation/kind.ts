import { costOfDrawing } from '../../cost.ts';
import type { JobKind } from '../../job-kind.ts';
import { networksOf } from '../../needed-networks.ts';
import { sizeDrawn } from '../../passes.ts';
import type { GenerationPlan } from '../../plan.ts';
import { sentAs } from '../../planned-control.ts';
import { type EffectiveGeneration, effectiveGeneration, generationView } from './effective.ts';
import { storedGeneration } from './stored-plan.ts';

/** Pictures that are drawn by a prompt, with the maps of their controls. */
export const generationKind: JobKind<GenerationPlan, EffectiveGeneration> = {
  id: 'generation',
  stored: storedGeneration,
  setsPace: true,
  lane: 'pictures',
  effective: effectiveGeneration,
  cost: costOfDrawing,
  outputs: ({ count }) => count,
  outputSize: (plan) => plan.init?.mask?.source ?? sizeDrawn(plan),
  outputsAreMapsOf: () => null,
  controls: ({ controls }) => controls,
  // Those of controls by their places, one each; further pictures of image prompts come behind all others.
  sources: ({ controls, init }) => [
    ...controls.map(({ source }) => (source.kind === 'structure' ? null : sentAs(source))),
    ...(init === undefined ? [] : [init.image]),
    ...(init?.mask?.image === undefined ? [] : [init.mask.image]),
    ...controls.flatMap(({ source }) => (source.kind === 'pictures' ? source.images.slice(1) : [])),
  ],
  networks: ({ controls }, conditionOf) =>
    controls.flatMap(({ type, source }, index) =>
      source.kind === 'photo' ? networksOf(type, source.preprocess, `controls[${index}].preprocess`, conditionOf) : [],
    ),
  showsPreviews: ({ preview }) => preview !== undefined,
  view: generationView,
};
