import { schedulers } from '../schedulers/registry.ts';
import type { GenerationPlan, Plan } from './plan.ts';

/** An extraction draws nothing, but is not free: as much as four steps at 512 x 512. */
export const extractionCost = 1_000_000;

/** What a plan costs, in pixel steps: width x height x evaluations of the network x pictures drawn, candidates included. */
export function cost(plan: Plan): number {
  return plan.kind === 'generation' ? costOfDrawing(plan) : extractionCost;
}

function costOfDrawing({ width, height, steps, scheduler, count, bestOf }: GenerationPlan): number {
  return width * height * steps * schedulers[scheduler].evaluationsPerStep * count * bestOf;
}
