import { linearCombination } from '../numeric/linear-combination.ts';
import type { SamplerOptions } from './options.ts';
import { alphasCumprod } from './noise-schedule.ts';
import type { NoiseSchedule } from './scheduler.ts';
import { namedLevels } from './named-levels.ts';
import { sigmaAt, spacedSigmas, timestepOf, trainingSigmas } from './sigmas.ts';
import { spacedTimesteps, type SpacingOptions } from './timestep-spacing.ts';

export interface EulerScheduleOptions
  extends SpacingOptions, Pick<SamplerOptions, 'sigmaSpacing' | 'sigmaMin' | 'sigmaMax' | 'schedule' | 'publishedFor'> {
  readonly dropsPenultimate?: boolean;
}

export interface EulerSchedule {
  readonly timesteps: readonly number[];
  /** Float64, one a timestep. */
  readonly sigmas: readonly number[];
  /** What the last step ends at; null where that is the sampler's own. */
  readonly final: number | null;
  /** The smallest sigma that the model was trained on. */
  readonly trainedMin: number;
  /** Logarithms of the sigmas that the model was trained on, ascending. */
  readonly logTable: Float32Array;
}

/**
 * Timesteps and noise levels of the samplers of k-diffusion as diffusers lays them out: fractional timesteps, and spacings
 * between the noise levels of the first and last timestep.
 */
export function eulerSchedule(schedule: NoiseSchedule, steps: number, options: EulerScheduleOptions): EulerSchedule {
  const table = trainingSigmas(alphasCumprod(schedule, 'tiny'));
  const trainedMin = table[0] ?? 0;
  const logTable = table.map(Math.log);
  const { schedule: name } = options;
  if (name !== null) {
    const { timesteps, ...named } = namedLevels(schedule, steps, { ...options, schedule: name });
    return { ...named, timesteps: timesteps.map(Math.fround), trainedMin, logTable };
  }
  const spaced = spacedTimesteps(options, schedule.trainTimesteps, steps).map(Math.fround);
  const sigmas = spaced.map((timestep) => sigmaAt(timestep, table));
  if (options.sigmaSpacing === 'schedule') return { timesteps: spaced, sigmas, final: null, trainedMin, logTable };
  const ends = { min: options.sigmaMin ?? sigmas.at(-1) ?? 0, max: options.sigmaMax ?? sigmas[0] ?? 0 };
  const respaced = spacedSigmas(options.sigmaSpacing, ends, steps);
  const timesteps = respaced.map((sigma) => Math.fround(timestepOf(sigma, logTable)));
  return { timesteps, sigmas: respaced, final: null, trainedMin, logTable };
}

/** Standard deviation of the initial sample; with `leading` timesteps its first noise level is not the largest of all. */
export function initialSigma({ timestepSpacing }: SpacingOptions, sigmas: Float32Array): number {
  const largest = Math.max(...sigmas);
  return timestepSpacing === 'leading' ? Math.hypot(largest, 1) : largest;
}

/** The weights of sample and network output in the clean sample, where the sample is clean + sigma * noise. */
export function cleanWeights(
  { predictionType }: NoiseSchedule,
  sigma: number,
): { readonly sample: number; readonly output: number } {
  switch (predictionType) {
    case 'epsilon':
      return { sample: 1, output: -sigma };
    case 'v_prediction':
      return { sample: 1 / (sigma * sigma + 1), output: -sigma / Math.hypot(sigma, 1) };
    case 'sample':
      return { sample: 0, output: 1 };
  }
}

/** The clean sample that the network's output stands for, where the sample is clean + sigma * noise; a new array. */
export function predictedOrigin(
  schedule: NoiseSchedule,
  sigma: number,
  output: Float32Array,
  sample: Float32Array,
): Float32Array {
  const weights = cleanWeights(schedule, sigma);
  return linearCombination([
    [weights.sample, sample],
    [weights.output, output],
  ]);
}

/** The sample divided by its standard deviation, as the network knows it. */
export function toUnitVariance(sample: Float32Array, sigma: number): Float32Array {
  const scale = Math.hypot(sigma, 1);
  return sample.map((value) => value / scale);
}
