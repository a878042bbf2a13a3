import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import { linearCombination } from '../numeric/linear-combination.ts';
import { levelOfAlpha } from './ddim.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { clampTo, mixNoise, noiseRatio, predictedClean, type NoiseLevel } from './prediction.ts';
import type { NoiseSchedule, NoMemory, Scheduler } from './scheduler.ts';
import { spacedTimesteps } from './timestep-spacing.ts';

export type DdpmOptions = Pick<
  SamplerOptions,
  'timestepSpacing' | 'stepsOffset' | 'clipSample' | 'clipSampleRange' | 'varianceType'
>;

/**
 * Ancestral sampling of denoising diffusion probabilistic models (Ho et al. 2020, algorithm 2): each step draws from the posterior of the next
 * timestep given this one and the predicted clean sample (equation 7). At timestep 0 no noise is drawn.
 */
export const ddpm: SamplerFamily<DdpmOptions> = {
  resolve: (given) =>
    resolveOptions(
      { timestepSpacing: 'leading', stepsOffset: 0, clipSample: true, clipSampleRange: 1, varianceType: 'fixed_small' },
      given,
    ),
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
  create: createDdpm,
};

function createDdpm(schedule: NoiseSchedule, steps: number, options: DdpmOptions): Scheduler<NoMemory> {
  const { trainTimesteps, predictionType } = schedule;
  const alphas = alphasCumprod(schedule, 'zero');
  const timesteps = spacedTimesteps(options, trainTimesteps, steps).map(roundHalfToEven);
  /** After the last step there is no noise. */
  const alphaAt = (timestep: number | undefined): number =>
    timestep === undefined ? 1 : (alphas[timestep] ?? Number.NaN);
  const levelOf = (index: number): NoiseLevel => levelOfAlpha(alphaAt(timesteps[index]));
  const evaluations = onceAStep(timesteps, (index) => noiseRatio(levelOf(index)));

  const scheduler: Scheduler<NoMemory> = {
    ...onPlainLatents(evaluations, {}),
    answer(state, prediction, noise) {
      const { evaluation, latents, memory } = state;
      const timestep = timesteps[evaluation] ?? Number.NaN;
      const posterior = posteriorOf(alphaAt(timestep), alphaAt(timesteps[evaluation + 1]), options);
      const arrived = linearCombination([
        [posterior.clean, scheduler.clean(state, prediction)],
        [posterior.sample, latents],
        ...(timestep > 0 ? [[posterior.deviation, noise.draw()] as const] : []),
      ]);
      return { evaluation: evaluation + 1, latents: arrived, memory };
    },
    clean({ evaluation, latents }, prediction) {
      const predicted = predictedClean(predictionType, levelOf(evaluation), prediction, latents);
      return options.clipSample ? clampTo(options.clipSampleRange, predicted) : predicted;
    },
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
  return scheduler;
}

/** Weights of the clean sample and of this one in the mean of the next, and its standard deviation. */
function posteriorOf(
  alpha: number,
  next: number,
  { varianceType }: DdpmOptions,
): { readonly clean: number; readonly sample: number; readonly deviation: number } {
  const ratio = alpha / next;
  const added = 1 - ratio;
  const small = Math.max(((1 - next) / (1 - alpha)) * added, 1e-20);
  return {
    clean: (Math.sqrt(next) * added) / (1 - alpha),
    sample: (Math.sqrt(ratio) * (1 - next)) / (1 - alpha),
    deviation: Math.sqrt(varianceType === 'fixed_large' ? added : small),
  };
}
