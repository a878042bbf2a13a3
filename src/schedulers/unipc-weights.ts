import { linearCombination, type WeightedValues } from '../numeric/linear-combination.ts';
import { solveLinearSystem } from '../numeric/linear-system.ts';
import type { LambdaLevel } from './multistep-schedule.ts';

export interface UniPcKind {
  /** Whether predictions are of the clean sample or of the noise. */
  readonly predictX0: boolean;
  readonly solverType: 'bh1' | 'bh2';
}

export interface UniPcStep {
  readonly kind: UniPcKind;
  /** The level to go to, the one the step starts from, and those before it: one less than the order. */
  readonly levels: readonly [to: LambdaLevel, from: LambdaLevel, ...before: LambdaLevel[]];
  /** Predictions at `from` and before it; as many as the order. */
  readonly predictions: readonly Float32Array[];
  /** The sample at `from`. */
  readonly sample: Float32Array;
}

/** UniP (algorithm 2 of the paper): the sample at the level to go to. */
export function unifiedPredictor(step: UniPcStep): Float32Array {
  const { matrix, vector } = equations(step);
  const order = step.predictions.length;
  if (order === 1) return unifiedUpdate(step, []);
  // The paper's authors take 1/2 for the second order, where the equation of B2 gives a value near it.
  if (order === 2) return unifiedUpdate(step, [0.5]);
  return unifiedUpdate(
    step,
    solveLinearSystem(
      matrix.slice(0, -1).map((row) => row.slice(0, -1)),
      vector.slice(0, -1),
    ),
  );
}

/** UniC (algorithm 1 of the paper): the sample at the level gone to, once more, now with the prediction made there. */
export function unifiedCorrector(step: UniPcStep, arrived: Float32Array): Float32Array {
  const { matrix, vector } = equations(step);
  return unifiedUpdate(step, step.predictions.length === 1 ? [0.5] : solveLinearSystem(matrix, vector), arrived);
}

/**
 * The first-order step plus B(h) times the weighted divided differences of the predictions before, and of the one at the
 * level gone to where it is known.
 */
function unifiedUpdate(step: UniPcStep, rhos: readonly number[], arrived?: Float32Array): Float32Array {
  const [to, from] = step.levels;
  const [newest = new Float32Array(), ...before] = step.predictions;
  const { growth, scale } = exponentials(step);
  const size = step.kind.predictX0 ? to.alpha : to.sigma;
  const ratios = ratiosOf(step);
  const terms = before.map((values, k): WeightedValues => [
    -size * scale * ((rhos[k] ?? 0) / (ratios[k] ?? 1)),
    values,
  ]);
  if (arrived !== undefined) terms.push([-size * scale * (rhos.at(-1) ?? 0), arrived]);
  const differences = terms.reduce((sum, [weight]) => sum + weight, 0);
  return linearCombination([
    [step.kind.predictX0 ? to.sigma / from.sigma : to.alpha / from.alpha, step.sample],
    [-size * growth - differences, newest],
    ...terms,
  ]);
}

interface Equations {
  readonly matrix: readonly (readonly number[])[];
  readonly vector: readonly number[];
}

/** R and b of the paper: powers of the ratios, and the phi functions of h. */
function equations(step: UniPcStep): Equations {
  const { signedStep, growth, scale } = exponentials(step);
  const ratios = [...ratiosOf(step), 1];
  const vector: number[] = [];
  let factorial = 1;
  let phi = growth / signedStep - 1;
  for (let order = 1; order <= ratios.length; order++) {
    vector.push((phi * factorial) / scale);
    factorial *= order + 1;
    phi = phi / signedStep - 1 / factorial;
  }
  return { matrix: ratios.map((_, power) => ratios.map((ratio) => ratio ** power)), vector };
}

/** h with the sign of the exponential integrator, e^h - 1, and B(h): h itself (B1) or e^h - 1 (B2). */
function exponentials({ kind, levels: [to, from] }: UniPcStep): {
  readonly signedStep: number;
  readonly growth: number;
  readonly scale: number;
} {
  const h = to.lambda - from.lambda;
  const signedStep = kind.predictX0 ? -h : h;
  const growth = Math.expm1(signedStep);
  return { signedStep, growth, scale: kind.solverType === 'bh1' ? signedStep : growth };
}

/** Distances of the levels before `from`, in steps of this size; negative. */
function ratiosOf({ levels: [to, from, ...before] }: UniPcStep): number[] {
  return before.map((level) => (level.lambda - from.lambda) / (to.lambda - from.lambda));
}
