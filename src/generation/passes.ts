import type { Size } from '../numeric/size.ts';
import type { SchedulePart } from '../schedulers/part.ts';
import { latentInterpolation } from './upscalers/latent-upscaler.ts';
import type { PassSteps } from '../prompt/schedule.ts';
import type { GenerationPlan, PlannedHires, PlannedRefiner, PlannedUpscaler } from './plan.ts';
import { composedPrompts, type PromptReading, type PromptReadings } from './prompts.ts';
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
  | 'embedsGuidance'
  | 'guidanceWindow'
  | 'imageGuidanceScale'
  | 'strict'
  | 'tiling'
  | 'tokenMerging'
  | 'deepCache'
> {
  /** Whether it draws at the first size or at that of a hires pass. */
  readonly stage: 'low' | 'high';
  /** The part of a schedule that its run is. */
  readonly part: SchedulePart;
  /** Prompts that are composed. Each is asked at every evaluation, and where they are several, the negative one too. */
  readonly prompts: number;
  /** Where its prompts come from, and which steps they count. */
  readonly reading: PromptReadings;
  /** Whether another model drew the first steps of its run. */
  readonly refines: boolean;
  /** What it makes of what the pass before it left: `goes on` with it as it is, or brings it to another size; null of the first one. */
  readonly takes: Enlarging | 'goes on' | null;
  /** What it leaves: pictures, or latents where the next pass goes on with these. */
  readonly leaves: 'picture' | 'latents';
}

/** What lies between two passes: what the first one left is brought to a size that covers the next one's, and cut to that. */
export interface Enlarging {
  readonly upscaler: PlannedUpscaler;
  readonly from: Size;
  readonly to: Size;
}

/** The passes of a plan, in the order in which they are drawn. Drawing by a prompt is one. */
export function passesOf(plan: GenerationPlan): readonly PlannedPass[] {
  const { hires } = plan;
  const first = refined(firstPass(plan), plan);
  if (hires === undefined) return first;
  const leaves = latentInterpolation(hires.upscaler.id) === null ? 'picture' : 'latents';
  const before = first.map((pass, index) => (index === first.length - 1 ? ({ ...pass, leaves } as const) : pass));
  return [...before, ...refined(hiresPass(plan, hires, stepsOf(first)), plan)];
}

/** A pass, and after it the one in which a refiner goes on with it, where it does. */
function refined(pass: PlannedPass, { refiner }: GenerationPlan): readonly PlannedPass[] {
  const run = refiner?.runs[pass.stage];
  if (refiner === undefined || run === undefined) return [pass];
  const [from, count] = [pass.run.steps, run.steps];
  return [
    { ...pass, leaves: 'latents', reading: countedOf(pass.reading, from + count, { from: 0, count: from }) },
    {
      ...pass,
      refines: true,
      model: refiner.model,
      added: refiner.added,
      embedsGuidance: refiner.embedsGuidance,
      part: { ...pass.part, downTo: undefined, below: refiner.below },
      run,
      reading: countedOf(pass.reading, from + count, { from, count }),
      takes: 'goes on',
    },
  ];
}

/** Readings of prompts in a part of a run of `steps` steps. */
function countedOf(readings: PromptReadings, steps: number, own: NonNullable<PassSteps['own']>): PromptReadings {
  const counted = ({ within, steps: all }: PromptReading): PromptReading => ({ within, steps: { ...all, steps, own } });
  return { prompt: counted(readings.prompt), negative: counted(readings.negative) };
}

function stepsOf(passes: readonly PlannedPass[]): number {
  return passes.reduce((sum, { run }) => sum + run.steps, 0);
}

function firstPass(plan: GenerationPlan): PlannedPass {
  const { model, prompt, negativePrompt, added, promptSyntax, clipSkip, width, height } = plan;
  const { scheduler, schedule, sChurn, eta, run, sdeNoise } = plan;
  const {
    guidanceScale,
    guidanceRescale,
    embedsGuidance,
    guidanceWindow,
    imageGuidanceScale,
    strict,
    tiling,
    tokenMerging,
    deepCache,
  } = plan;
  const sampling = { scheduler, schedule, sChurn, part: partOf(plan), eta, run, sdeNoise };
  const read = { within: '', steps: { steps: run.steps } };
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
    embedsGuidance,
    guidanceWindow,
    imageGuidanceScale,
    strict,
    refines: false,
    tiling,
    tokenMerging,
    deepCache,
    takes: null,
    leaves: 'picture',
  };
}

/** `before`: steps of the first pass, with those of its refiner. */
function hiresPass(plan: GenerationPlan, hires: PlannedHires, before: number): PlannedPass {
  const first = firstPass(plan);
  const { model, added, embedsGuidance, width, height, scheduler, schedule, sChurn, eta, run } = hires;
  const prompt = hires.prompt ?? first.prompt;
  // A prompt of the first pass goes on; one of its own begins.
  const own = { within: 'hires.', steps: { steps: run.steps } };
  const goingOn = { within: '', steps: { steps: run.steps, goesOnAfter: before } };
  return {
    ...first,
    stage: 'high',
    model,
    prompt,
    negativePrompt: hires.negativePrompt ?? first.negativePrompt,
    added,
    embedsGuidance,
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
    part: { ...partOfHires(hires), ...downToRefiner(plan.refiner, 'high') },
    takes: { upscaler: hires.upscaler, from: { width: first.width, height: first.height }, to: hires.enlarged },
  };
}

/** The part of its schedule that the first pass of a plan goes through. */
export function partOf(plan: Pick<GenerationPlan, 'steps' | 'init' | 'refiner'>): SchedulePart {
  const { steps, init } = plan;
  return { steps, strength: init?.strength ?? 1, ...downToRefiner(plan.refiner, 'low') };
}

/** Where a refiner takes over in a pass of this stage. */
export function downToRefiner(
  refiner: PlannedRefiner | undefined,
  stage: PlannedPass['stage'],
): Pick<SchedulePart, 'downTo'> {
  return refiner?.runs[stage] === undefined ? {} : { downTo: refiner.below };
}

/** The part of a schedule that a hires pass goes through. */
export function partOfHires({ steps, strength }: Pick<PlannedHires, 'steps' | 'strength'>): SchedulePart {
  return { steps, strength, counts: 'executed' };
}

/** Whether what acts in these passes acts in this one: what fits a base model fits no refiner. */
export function actsIn(
  passes: ControlPasses | undefined,
  { stage, refines }: Pick<PlannedPass, 'stage' | 'refines'>,
): boolean {
  if (refines) return false;
  return passes === undefined || passes === 'both' || passes === stage;
}

/** The size of what a plan draws, which is that of its last pass. */
export function sizeDrawn({ width, height, hires }: Pick<GenerationPlan, 'width' | 'height' | 'hires'>): Size {
  return hires === undefined ? { width, height } : { width: hires.width, height: hires.height };
}
