import type { SchedulePart } from '../schedulers/part.ts';
import type { GenerationPlan, SamplerRun } from './plan.ts';
import { composedPrompts } from './prompts.ts';

/**
 * One pass of a plan: a run of the sampler to pictures, from noise or over a picture, for all pictures of the plan. Where it ends
 * and what it is given by an earlier pass get their fields with the first plan that has several passes.
 */
export interface PlannedPass extends Pick<
  GenerationPlan,
  | 'prompt'
  | 'negativePrompt'
  | 'promptSyntax'
  | 'added'
  | 'clipSkip'
  | 'width'
  | 'height'
  | 'scheduler'
  | 'schedule'
  | 'sChurn'
  | 'eta'
  | 'run'
  | 'sdeNoise'
  | 'guidanceScale'
  | 'guidanceRescale'
  | 'imageGuidanceScale'
  | 'strict'
> {
  /** The part of a schedule that its run is. */
  readonly part: SchedulePart;
  /** Prompts that are composed. Each is asked at every evaluation, and where they are several, the negative one too. */
  readonly prompts: number;
}

/** The passes of a plan, in the order in which they are drawn. Drawing by a prompt is one. */
export function passesOf(plan: GenerationPlan): readonly PlannedPass[] {
  const { prompt, negativePrompt, added, promptSyntax, clipSkip, width, height } = plan;
  const { scheduler, schedule, sChurn, eta, run, sdeNoise } = plan;
  const { guidanceScale, guidanceRescale, imageGuidanceScale, strict } = plan;
  const sampling = { scheduler, schedule, sChurn, part: partOf(plan), eta, run, sdeNoise };
  const told = { prompt, negativePrompt, added, promptSyntax, prompts: composedPrompts(plan), clipSkip };
  const guidance = { guidanceScale, guidanceRescale, imageGuidanceScale };
  return [{ ...told, width, height, ...sampling, ...guidance, strict }];
}

/** The steps of the passes of a plan that are executed. */
export function runsOf(plan: GenerationPlan): readonly SamplerRun[] {
  return passesOf(plan).map(({ run }) => run);
}

/** The part of its schedule that a plan goes through. */
export function partOf({ steps, init }: Pick<GenerationPlan, 'steps' | 'init'>): SchedulePart {
  return { steps, strength: init?.strength ?? 1 };
}
