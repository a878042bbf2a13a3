import type { Plan } from './plan.ts';

/** An extraction draws nothing, but is not free: as much as four steps at 512 x 512. */
export const extractionCost = 1_000_000;

/** What a plan costs, in pixel steps: width x height x steps x pictures drawn, candidates included. */
export function cost(plan: Plan): number {
  return plan.kind === 'generation' ? plan.width * plan.height * plan.steps * plan.count * plan.bestOf : extractionCost;
}
