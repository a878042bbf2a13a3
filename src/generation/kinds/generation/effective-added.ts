import { z } from 'zod';
import { type RowsAndColumns, sizesAt } from '../../picture-sizes.ts';
import type { GenerationPlan } from '../../plan.ts';

const pair = z.array(z.int()).length(2).nullable();

/** What a model of SDXL was told beside the prompts; null of all others. */
export const effectiveAdded = {
  prompt_2: z.string().nullable().describe('What the second text encoder read; null where the model has one alone'),
  negative_prompt_2: z.string().nullable(),
  original_size: pair.describe(
    '[height, width] that the picture was said to have had; null where the model takes none',
  ),
  crops_coords_top_left: pair,
  target_size: pair,
  negative_original_size: pair,
  negative_crops_coords_top_left: pair,
  negative_target_size: pair,
} as const;

/** Where no negative prompt was given and the model takes zeros for that, it is null. */
export function addedView(plan: Pick<GenerationPlan, 'prompt' | 'negativePrompt' | 'added' | 'width' | 'height'>) {
  const { prompt, added } = plan;
  if (added === undefined) {
    const none = Object.keys(effectiveAdded).map((name) => [name, null] as const);
    return Object.fromEntries(none) as Record<keyof typeof effectiveAdded, null>;
  }
  const told = sizesAt(added.sizes.prompt, plan);
  const negative = sizesAt(added.sizes.negative, plan);
  return {
    prompt_2: added.prompt2 ?? prompt,
    negative_prompt_2: added.zeroNegative ? null : (added.negativePrompt2 ?? plan.negativePrompt),
    original_size: listed(told.original),
    crops_coords_top_left: listed(told.crop),
    target_size: added.scores === undefined ? listed(told.target) : null,
    negative_original_size: listed(negative.original),
    negative_crops_coords_top_left: listed(negative.crop),
    negative_target_size: added.scores === undefined ? listed(negative.target) : null,
  };
}

function listed(pair: RowsAndColumns): number[] {
  return [...pair];
}
