import type { Plan } from './plan.ts';

/**
 * What a plan costs, in pixel steps: width x height x steps x pictures drawn, candidates included. An extraction draws nothing and costs nothing in
 * this unit.
 */
export function cost(plan: Plan): number {
  return plan.kind === 'generation' ? plan.width * plan.height * plan.steps * plan.count * plan.bestOf : 0;
}
