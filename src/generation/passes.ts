import type { Size } from '../numeric/size.ts';
import type { SchedulePart } from '../schedulers/part.ts';
import { latentInterpolation } from './latent-upscaler.ts';
import type { GenerationPlan, PlannedHires, PlannedUpscaler } from './plan.ts';
import { composedPrompts, type PromptReadings } from './prompts.ts';
import type { ControlPasses } from './request/choices.ts';

/** One pass of a plan: a run of the sampler over latents of one size, for all pictures of the plan. */
export interface PlannedPass extends Pick<
  GenerationPlan,
  | 'model'
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
  /** Whether it draws at the first size or at that of a hires pass. */
  readonly stage: 'low' | 'high';
  /** The part of a schedule that its run is. */
  readonly part: SchedulePart;
  /** Prompts that are composed. Each is asked at every evaluation, and where they are several, the negative one too. */
  readonly prompts: number;
  /** Where its prompts come from, and which steps they count. */
  readonly reading: PromptReadings;
  /** What it makes of what the pass before it left; null of the first one. */
  readonly takes: Enlarging | null;
  /** What it leaves: pictures, or latents where the next pass goes on with these. */
  readonly leaves: 'picture' | 'latents';
}

/** What lies between two passes: what the first one left is brought to a size that covers the next one's, and cut to that. */
export interface Enlarging {
  readonly upscaler: PlannedUpscaler;
  readonly to: Size;
}

/** The passes of a plan, in the order in which they are drawn. Drawing by a prompt is one. */
export function passesOf(plan: GenerationPlan): readonly PlannedPass[] {
  const { hires } = plan;
  const first = firstPass(plan);
  if (hires === undefined) return [first];
  const isLatent = latentInterpolation(hires.upscaler.id) !== null;
  return [{ ...first, leaves: isLatent ? 'latents' : 'picture' }, hiresPass(first, hires)];
}

function firstPass(plan: GenerationPlan): PlannedPass {
  const { model, prompt, negativePrompt, added, promptSyntax, clipSkip, width, height } = plan;
  const { scheduler, schedule, sChurn, eta, run, sdeNoise } = plan;
  const { guidanceScale, guidanceRescale, imageGuidanceScale, strict } = plan;
  const sampling = { scheduler, schedule, sChurn, part: partOf(plan), eta, run, sdeNoise };
  const read = { within: '', steps: run };
  return {
    stage: 'low',
    model,
    prompt,
    negativePrompt,
    added,
    promptSyntax,
    prompts: composedPrompts(plan),
    reading: { prompt: read, negative: read },
    clipSkip,
    width,
    height,
    ...sampling,
    guidanceScale,
    guidanceRescale,
    imageGuidanceScale,
    strict,
    takes: null,
    leaves: 'picture',
  };
}

function hiresPass(first: PlannedPass, hires: PlannedHires): PlannedPass {
  const { model, added, width, height, scheduler, schedule, sChurn, eta, run } = hires;
  const prompt = hires.prompt ?? first.prompt;
  // A prompt of the first pass goes on; one of its own begins.
  const own = { within: 'hires.', steps: { steps: run.steps } };
  const goingOn = { within: '', steps: { steps: run.steps, goesOnAfter: first.run.steps } };
  return {
    ...first,
    stage: 'high',
    model,
    prompt,
    negativePrompt: hires.negativePrompt ?? first.negativePrompt,
    added,
    prompts: composedPrompts({ prompt, promptSyntax: first.promptSyntax }),
    reading: {
      prompt: hires.prompt === null ? goingOn : own,
      negative: hires.negativePrompt === null ? goingOn : own,
    },
    width,
    height,
    scheduler,
    schedule,
    sChurn,
    eta,
    run,
    part: partOfHires(hires),
    takes: { upscaler: hires.upscaler, to: hires.enlarged },
  };
}

/** The part of its schedule that the first pass of a plan goes through. */
export function partOf({ steps, init }: Pick<GenerationPlan, 'steps' | 'init'>): SchedulePart {
  return { steps, strength: init?.strength ?? 1 };
}

/** The part of a schedule that a hires pass goes through. */
export function partOfHires({ steps, strength }: Pick<PlannedHires, 'steps' | 'strength'>): SchedulePart {
  return { steps, strength, counts: 'executed' };
}

/** Whether what acts in these passes acts in one of this stage. */
export function actsIn(passes: ControlPasses | undefined, { stage }: Pick<PlannedPass, 'stage'>): boolean {
  return passes === undefined || passes === 'both' || passes === stage;
}

/** The size of what a plan draws, which is that of its last pass. */
export function sizeDrawn({ width, height, hires }: Pick<GenerationPlan, 'width' | 'height' | 'hires'>): Size {
  return hires === undefined ? { width, height } : { width: hires.width, height: hires.height };
}
