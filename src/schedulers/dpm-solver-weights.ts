import type { WeightedValues } from '../numeric/linear-combination.ts';
import type { LambdaLevel } from './multistep-schedule.ts';
import type { DpmAlgorithm } from './options.ts';

/**
 * Weights of one step in the paper's terms: the sample, D0 (the newest prediction), D1 and D2 (its first and second
 * divided differences) and fresh noise.
 */
interface SolverWeights {
  readonly sample: number;
  readonly d0: number;
  /** Weight of D1 in the second-order step of type `midpoint`. */
  readonly midpoint: number;
  /** Weight of D1 in the second-order step of type `heun`, and in the third-order one. */
  readonly heun: number;
  readonly d2: number;
  readonly noise: number;
}

const { expm1, exp, sqrt } = Math;

/**
 * From noise level s to t, h = lambda_t - lambda_s. The `++` solvers work on predictions of the clean sample, the others on
 * predictions of the noise; the `sde-` ones solve the reverse SDE instead of the ODE.
 */
export const solverWeights: Readonly<
  Record<DpmAlgorithm, (s: LambdaLevel, t: LambdaLevel, h: number) => SolverWeights>
> = {
  dpmsolver: (s, t, h) => ({
    sample: t.alpha / s.alpha,
    d0: -t.sigma * expm1(h),
    midpoint: -0.5 * t.sigma * expm1(h),
    heun: -t.sigma * (expm1(h) / h - 1),
    d2: -t.sigma * ((expm1(h) - h) / h ** 2 - 0.5),
    noise: 0,
  }),
  'dpmsolver++': (s, t, h) => ({
    sample: t.sigma / s.sigma,
    d0: -t.alpha * expm1(-h),
    midpoint: -0.5 * t.alpha * expm1(-h),
    heun: t.alpha * (expm1(-h) / h + 1),
    d2: -t.alpha * ((expm1(-h) + h) / h ** 2 - 0.5),
    noise: 0,
  }),
  'sde-dpmsolver': (s, t, h) => ({
    sample: t.alpha / s.alpha,
    d0: -2 * t.sigma * expm1(h),
    midpoint: -t.sigma * expm1(h),
    heun: -2 * t.sigma * (expm1(h) / h - 1),
    // There is no third-order solver of this kind; it is refused when one is asked for.
    d2: Number.NaN,
    noise: t.sigma * sqrt(expm1(2 * h)),
  }),
  'sde-dpmsolver++': (s, t, h) => ({
    sample: (t.sigma / s.sigma) * exp(-h),
    d0: -t.alpha * expm1(-2 * h),
    midpoint: -0.5 * t.alpha * expm1(-2 * h),
    heun: t.alpha * (expm1(-2 * h) / (2 * h) + 1),
    d2: t.alpha * ((-expm1(-2 * h) - 2 * h) / (2 * h) ** 2 - 0.5),
    noise: t.sigma * sqrt(-expm1(-2 * h)),
  }),
};

export interface SolverStep {
  readonly algorithm: DpmAlgorithm;
  readonly solverType: 'midpoint' | 'heun';
  /** The level to go to, the present one, and those of the steps before it. */
  readonly levels: readonly [to: LambdaLevel, from: LambdaLevel, ...before: LambdaLevel[]];
  /** Predictions at the present level and before it; as many as the order of the step, 1 to 3. */
  readonly predictions: readonly Float32Array[];
}

export interface WeightedStep {
  readonly sample: number;
  readonly predictions: readonly WeightedValues[];
  readonly noise: number;
}

/** One multistep DPM-Solver step as weights of the sample, of each prediction and of fresh noise. */
export function dpmSolverStep({ algorithm, solverType, levels, predictions }: SolverStep): WeightedStep {
  const [to, from, before, earliest] = levels;
  const [m0, m1, m2] = predictions;
  const h = to.lambda - from.lambda;
  const weights = solverWeights[algorithm](from, to, h);
  const step = (d0: number, d10: number, d11: number): WeightedStep => ({
    sample: weights.sample,
    predictions: [
      [d0 + d10, m0],
      [d11 - d10, m1],
      [-d11, m2],
    ].filter((term): term is [number, Float32Array] => term[1] !== undefined),
    noise: weights.noise,
  });
  if (m1 === undefined || before === undefined) return step(weights.d0, 0, 0);
  const r0 = (from.lambda - before.lambda) / h;
  if (m2 === undefined || earliest === undefined) return step(weights.d0, weights[solverType] / r0, 0);
  // D1 = D1_0 + r0 / (r0 + r1) (D1_0 - D1_1), D2 = (D1_0 - D1_1) / (r0 + r1), of divided differences D1_0 and D1_1.
  const r1 = (before.lambda - earliest.lambda) / h;
  const difference = (weights.heun * r0 + weights.d2) / (r0 + r1);
  return step(weights.d0, (weights.heun + difference) / r0, -difference / r1);
}
