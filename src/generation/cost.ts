import type { Progress } from './job.ts';
import { passesOf, type PlannedPass } from './passes.ts';
import type { GenerationPlan } from './plan.ts';
import { furtherTexts } from './prompts.ts';

/** About what encoding a text costs: a hundredth of a step at 512 x 512 where Stable Diffusion 1.5 draws. */
const textCost = 2048;

/**
 * In pixel steps: width x height x evaluations of the network x pictures drawn, candidates included. An evaluation of several prompts
 * costs by its rows, where two are one, and each text costs that is encoded beside the prompt and the negative one.
 */
export function costOfDrawing(plan: GenerationPlan): number {
  const known = costs.get(plan);
  if (known !== undefined) return known;
  const passes = passesOf(plan);
  const cost = costOfPasses(passes) * plan.count * plan.bestOf + furtherTexts(passes) * textCost;
  costs.set(plan, cost);
  return cost;
}

/** Counting texts takes milliseconds where a prompt has many, and a plan is asked when it is charged, recorded and summed up. */
const costs = new WeakMap<GenerationPlan, number>();

type DrawnPass = Pick<PlannedPass, 'width' | 'height' | 'run' | 'prompts' | 'imageGuidanceScale'>;

/** Of one picture. */
function costOfPasses(passes: readonly DrawnPass[]): number {
  return passes.reduce((sum, pass) => sum + costOfPass(pass), 0);
}

function costOfPass({ width, height, run, prompts, imageGuidanceScale }: DrawnPass): number {
  // A picture that is edited is asked about by itself as well, unless it is followed no further than it is.
  const further = imageGuidanceScale === undefined || imageGuidanceScale === 1 ? 0 : 1;
  const rows = (prompts === 1 ? 2 : prompts + 1) + further;
  return width * height * run.evaluations * (rows / 2);
}

/** How far a drawing is when all of its pictures have done the passes before `index`, and `step` steps of that one. */
export function progressIn(passes: readonly DrawnPass[], index: number, step: number): Progress {
  const through = passes.slice(0, index);
  const pass = passes[index];
  const all = costOfPasses(passes);
  const ofPass = pass === undefined ? 0 : (costOfPass(pass) / all) * (step / pass.run.steps);
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
