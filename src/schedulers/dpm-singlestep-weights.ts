import { solverWeights } from './dpm-solver-weights.ts';
import type { LambdaLevel } from './multistep-schedule.ts';
import type { SamplerOptions } from './options.ts';

export interface SinglestepWeights {
  /** Of the sample at the start of the group. */
  readonly sample: number;
  /** Newest first, as many as the order. */
  readonly predictions: readonly number[];
  readonly noise: number;
}

/**
 * A step from the start of a group to level `to`, by the predictions at `levels`: the present one first, the start last, one to three. Its divided
 * differences are taken from the start, where the multistep solver takes them from the present level.
 */
export function singlestepWeights(
  { algorithmType, solverType }: Pick<SamplerOptions, 'algorithmType' | 'solverType'>,
  to: LambdaLevel,
  levels: readonly LambdaLevel[],
): SinglestepWeights {
  const start = levels.at(-1) ?? to;
  const h = to.lambda - start.lambda;
  const weights = solverWeights[algorithmType](start, to, h);
  const { sample, d0, noise } = weights;
  const [r0 = 1, r1 = 1] = levels.map((level) => (level.lambda - start.lambda) / h);
  if (levels.length === 1) return { sample, predictions: [d0], noise };
  if (levels.length === 2) {
    const d1 = weights[solverType === 'heun' ? 'heun' : 'midpoint'] / r0;
    return { sample, predictions: [d1, d0 - d1], noise };
  }
  if (solverType !== 'heun') return { sample, predictions: [weights.heun / r0, 0, d0 - weights.heun / r0], noise };
  // D1 = (r0 E1 - r1 E0) / (r0 - r1) and D2 = 2 (E0 - E1) / (r0 - r1), of the differences E0 and E1 from the start.
  const e0 = (2 * weights.d2 - weights.heun * r1) / (r0 - r1) / r0;
  const e1 = (weights.heun * r0 - 2 * weights.d2) / (r0 - r1) / r1;
  return { sample, predictions: [e0, e1, d0 - e0 - e1], noise };
}
