import type { GenerationPlan } from './plan.ts';

/**
 * One pass of a plan: a run of the sampler from noise to pictures, for all pictures of the plan. What it starts from, where it
 * ends and what is done after each step get their fields with the first plan that has several passes.
 */
export type PlannedPass = Pick<
  GenerationPlan,
  | 'prompt'
  | 'negativePrompt'
  | 'clipSkip'
  | 'width'
  | 'height'
  | 'scheduler'
  | 'steps'
  | 'eta'
  | 'guidanceScale'
  | 'guidanceRescale'
  | 'strict'
>;

/** The passes of a plan, in the order in which they are drawn. Drawing by a prompt is one. */
export function passesOf(plan: GenerationPlan): readonly PlannedPass[] {
  const { prompt, negativePrompt, clipSkip, width, height, scheduler, steps, eta } = plan;
  const { guidanceScale, guidanceRescale, strict } = plan;
  const size = { width, height };
  return [{ prompt, negativePrompt, clipSkip, ...size, scheduler, steps, eta, guidanceScale, guidanceRescale, strict }];
}
