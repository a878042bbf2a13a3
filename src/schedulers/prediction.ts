import { linearCombination } from '../numeric/linear-combination.ts';
import type { PredictionType } from './prediction-type.ts';

/** A noisy sample is alpha * clean + sigma * noise, with alpha^2 + sigma^2 = 1. */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
}

/** Noise a unit of signal: infinite where there is no signal. */
export function noiseRatio({ alpha, sigma }: NoiseLevel): number {
  return sigma / alpha;
}

/** The clean sample that the network's output stands for (v as in Salimans and Ho 2022), in a new array. */
export function predictedClean(
  type: PredictionType,
  { alpha, sigma }: NoiseLevel,
  output: Float32Array,
  sample: Float32Array,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return linearCombination([
        [1 / alpha, sample],
        [-sigma / alpha, output],
      ]);
    case 'v_prediction':
      return linearCombination([
        [alpha, sample],
        [-sigma, output],
      ]);
    case 'sample':
      return output.slice();
  }
}

/** The noise that the network's output stands for, in a new array. */
export function predictedNoise(
  type: PredictionType,
  { alpha, sigma }: NoiseLevel,
  output: Float32Array,
  sample: Float32Array,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return output.slice();
    case 'v_prediction':
      return linearCombination([
        [alpha, output],
        [sigma, sample],
      ]);
    case 'sample':
      return linearCombination([
        [1 / sigma, sample],
        [-alpha / sigma, output],
      ]);
  }
}

/** `original` with noise of a level mixed in. */
export function mixNoise({ alpha, sigma }: NoiseLevel, original: Float32Array, noise: Float32Array): Float32Array {
  return linearCombination([
    [alpha, original],
    [sigma, noise],
  ]);
}

export function clampTo(range: number, values: Float32Array): Float32Array {
  return values.map((value) => Math.min(Math.max(value, -range), range));
}
