import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import type { SamplerOptions } from './options.ts';
import { alphasCumprod } from './noise-schedule.ts';
import type { NoiseLevel } from './prediction.ts';
import type { NoiseSchedule } from './scheduler.ts';
import { namedLevels } from './named-levels.ts';
import { sigmaAt, spacedSigmas, timestepOf, trainingSigmas } from './sigmas.ts';
import { multistepTimesteps, type SpacingOptions } from './timestep-spacing.ts';

export interface MultistepScheduleOptions
  extends SpacingOptions, Pick<SamplerOptions, 'sigmaSpacing' | 'sigmaMin' | 'sigmaMax' | 'schedule' | 'publishedFor'> {
  /** Timesteps whose lambda = log(alpha / sigma) lies below are left out. */
  readonly lambdaMinClipped: number;
  /** How the fractional timesteps of the Karras and Lu spacings become integers; other spacings cut the fraction off. */
  readonly roundTimesteps: boolean;
  readonly dropsPenultimate?: boolean;
}

export interface MultistepSchedule {
  /** Descending, of a spacing integers, of which very small steps may repeat one; of a named schedule they are fractional. */
  readonly timesteps: readonly number[];
  /** Float64, one a timestep. */
  readonly sigmas: readonly number[];
  /** What the last step ends at; null where that is the sampler's own. */
  readonly final: number | null;
  readonly trainedMin: number;
}

/** Timesteps and noise levels of DPM-Solver and UniPC as diffusers lays them out. */
export function multistepSchedule(
  schedule: NoiseSchedule,
  steps: number,
  options: MultistepScheduleOptions,
): MultistepSchedule {
  const { trainTimesteps } = schedule;
  const table = trainingSigmas(alphasCumprod(schedule, 'tiny'));
  const trainedMin = table[0] ?? 0;
  const { schedule: name } = options;
  if (name !== null) {
    const { timesteps, ...named } = namedLevels(schedule, steps, { ...options, schedule: name });
    return { ...named, timesteps: timesteps.map(Math.fround), trainedMin };
  }
  if (options.sigmaSpacing === 'schedule') {
    const clipped = table.filter((sigma) => -Math.log(sigma) < options.lambdaMinClipped).length;
    const timesteps = multistepTimesteps(options, trainTimesteps, trainTimesteps - clipped, steps);
    return { timesteps, sigmas: timesteps.map((timestep) => sigmaAt(timestep, table)), final: null, trainedMin };
  }
  const ends = { min: options.sigmaMin ?? trainedMin, max: options.sigmaMax ?? table.at(-1) ?? 0 };
  const sigmas = spacedSigmas(options.sigmaSpacing, ends, steps);
  const rounds = options.roundTimesteps && (options.sigmaSpacing === 'karras' || options.sigmaSpacing === 'lu');
  const logTable = table.map(Math.log);
  const timesteps = sigmas.map((sigma) => (rounds ? roundHalfToEven : Math.trunc)(timestepOf(sigma, logTable)));
  return { timesteps, sigmas, final: null, trainedMin };
}

/** A noise level with lambda, half the logarithm of its signal-to-noise ratio: infinite for a clean sample. */
export interface LambdaLevel extends NoiseLevel {
  readonly lambda: number;
}

export function lambdaLevels(sigmas: Float32Array): LambdaLevel[] {
  return Array.from(sigmas, (sigma) => {
    const alpha = 1 / Math.hypot(sigma, 1);
    return { alpha, sigma: sigma * alpha, lambda: -Math.log(sigma) };
  });
}
