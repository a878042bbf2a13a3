import { stepsRun } from '../schedulers/registry.ts';
import type { SchedulePart } from '../schedulers/part.ts';
import type { GenerationPlan } from './plan.ts';

/**
 * One pass of a plan: a run of the sampler to pictures, from noise or over a picture, for all pictures of the plan. Where it ends
 * and what it is given by an earlier pass get their fields with the first plan that has several passes.
 */
export interface PlannedPass extends Pick<
  GenerationPlan,
  | 'prompt'
  | 'negativePrompt'
  | 'clipSkip'
  | 'width'
  | 'height'
  | 'scheduler'
  | 'eta'
  | 'guidanceScale'
  | 'guidanceRescale'
  | 'strict'
> {
  /** Steps that are drawn. */
  readonly steps: number;
  /** The part of a schedule that they are. */
  readonly part: SchedulePart;
}

/** The passes of a plan, in the order in which they are drawn. Drawing by a prompt is one. */
export function passesOf(plan: GenerationPlan): readonly PlannedPass[] {
  const { prompt, negativePrompt, clipSkip, width, height, scheduler, eta } = plan;
  const { guidanceScale, guidanceRescale, strict } = plan;
  const part = partOf(plan);
  const sampling = { scheduler, steps: stepsRun(scheduler, part), part, eta };
  return [{ prompt, negativePrompt, clipSkip, width, height, ...sampling, guidanceScale, guidanceRescale, strict }];
}

/** The part of its schedule that a plan goes through. */
export function partOf({ steps, init }: Pick<GenerationPlan, 'steps' | 'init'>): SchedulePart {
  return { steps, strength: init?.strength ?? 1 };
}
