import type { Progress } from './job.ts';
import { passesOf, type PlannedPass } from './passes.ts';
import type { GenerationPlan } from './plan.ts';
import { furtherTexts } from './prompts.ts';
import { isGuidedAt } from './guided-steps.ts';
import { costOfRounds } from './network-rounds.ts';
import { rolesOf } from './row-roles.ts';

/** About what encoding a text costs: a hundredth of a step at 512 x 512 where Stable Diffusion 1.5 draws. */
const textCost = 2048;

/** About what seeing a picture of an image prompt costs: a quarter of such a step. */
const pictureCost = 65_536;

/**
 * In whole pixel steps: width x height x evaluations of the network x pictures drawn, candidates included. An evaluation costs by its rows, where
 * two, those of guidance, are one, and by how much of the network it works out, each text costs that is encoded beside the prompt and the negative one, each picture of an image prompt, and a
 * network that enlarges a picture between two passes.
 */
export function costOfDrawing(plan: GenerationPlan): number {
  const known = costs.get(plan);
  if (known !== undefined) return known;
  const passes = passesOf(plan);
  const drawn = costOfPasses(passes) * plan.count * plan.bestOf;
  const cost = Math.round(drawn + furtherTexts(passes) * textCost + picturesSeen(plan) * pictureCost);
  costs.set(plan, cost);
  return cost;
}

function picturesSeen({ controls }: GenerationPlan): number {
  return controls.reduce((sum, { source }) => sum + (source.kind === 'pictures' ? source.images.length : 0), 0);
}

/** Counting texts takes milliseconds where a prompt has many, and a plan is asked when it is charged, recorded and summed up. */
const costs = new WeakMap<GenerationPlan, number>();

type DrawnPass = Pick<
  PlannedPass,
  'width' | 'height' | 'run' | 'prompts' | 'guidanceScale' | 'embedsGuidance' | 'guidanceWindow' | 'imageGuidanceScale'
> &
  Partial<Pick<PlannedPass, 'takes' | 'reading' | 'deepCache' | 'model'>>;

/** Of one picture. */
function costOfPasses(passes: readonly DrawnPass[]): number {
  return passes.reduce((sum, pass) => sum + costOfEnlarging(pass) + costOfPass(pass), 0);
}

/** What a network costs that enlarges what a pass takes over; kernels take a small part of a step. */
function costOfEnlarging({ takes = null }: DrawnPass): number {
  if (takes === null || takes === 'goes on' || takes.upscaler.scale === undefined) return 0;
  return costOfRounds(takes.upscaler.scale, takes.from, takes.to);
}

function costOfPass(pass: DrawnPass): number {
  const { width, height, run } = pass;
  return width * height * run.evaluations * (meanRows(pass, run.steps) / 2);
}

/** What the first steps of a pass cost, whose evaluations are taken to be equally many in each. */
function costOfSteps(pass: DrawnPass, steps: number): number {
  const { width, height, run } = pass;
  return width * height * run.evaluations * (meanRows(pass, steps) / 2) * (steps / run.steps);
}

/** Rows of an evaluation, in the mean over the first steps of a pass; one that goes on with what is kept of the network's depths is a part of one. */
function meanRows(pass: DrawnPass, steps: number): number {
  const isEven = pass.guidanceWindow === undefined && pass.deepCache === undefined;
  if (isEven || steps === 0) return rowsOf(pass, pass.guidanceScale);
  const rows = Array.from({ length: Math.ceil(steps) }, (_, step) => workedOutAt(pass, step));
  const begun = rows.reduce((sum, one, step) => sum + one * Math.min(1, steps - step), 0);
  return begun / steps;
}

function workedOutAt(pass: DrawnPass, step: number): number {
  const { deepCache, model } = pass;
  const rows = rowsAt(pass, step);
  // Where a row is asked for the first time, all is worked out for all of them.
  const isWhole = deepCache === undefined || step % deepCache.every === 0 || rows > rowsAt(pass, step - 1);
  return isWhole ? rows : rows * (deepCache.shares[model?.id ?? ''] ?? 1);
}

function rowsAt(pass: DrawnPass, step: number): number {
  return rowsOf(pass, isGuidedAt(pass, step) ? pass.guidanceScale : 1);
}

function rowsOf({ prompts, embedsGuidance: isInput, imageGuidanceScale: picture }: DrawnPass, scale: number): number {
  return rolesOf({ scale, picture, isInput }, prompts).length;
}

/**
 * How far a drawing is when all of its pictures have done the passes before `index`, this share of what is enlarged before that one, and `step`
 * steps of it, `mean` in the mean.
 */
export function progressIn(
  passes: readonly DrawnPass[],
  index: number,
  step: number,
  enlarged = 1,
  mean = step,
): Progress {
  const through = passes.slice(0, index);
  const pass = passes[index];
  const all = costOfPasses(passes);
  const ofPass = pass === undefined ? 0 : (costOfEnlarging(pass) * enlarged + costOfSteps(pass, mean)) / all;
  return {
    step: sumOfSteps(through) + step,
    steps: sumOfSteps(passes),
    share: costOfPasses(through) / all + ofPass,
  };
}

/** How far a drawing is that is done. */
export function progressAtEnd(plan: GenerationPlan): Progress {
  const passes = passesOf(plan);
  return progressIn(passes, passes.length, 0);
}

function sumOfSteps(passes: readonly DrawnPass[]): number {
  return passes.reduce((sum, { run }) => sum + run.steps, 0);
}
