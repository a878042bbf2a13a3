import type { Progress } from './job.ts';
import { passesOf, type PlannedPass } from './passes.ts';
import type { GenerationPlan } from './plan.ts';

/** In pixel steps: width x height x evaluations of the network x pictures drawn, candidates included. */
export function costOfDrawing(plan: GenerationPlan): number {
  return costOfPasses(passesOf(plan)) * plan.count * plan.bestOf;
}

type DrawnPass = Pick<PlannedPass, 'width' | 'height' | 'run'>;

/** Of one picture. */
function costOfPasses(passes: readonly DrawnPass[]): number {
  return passes.reduce((sum, pass) => sum + costOfPass(pass), 0);
}

function costOfPass({ width, height, run }: DrawnPass): number {
  return width * height * run.evaluations;
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
