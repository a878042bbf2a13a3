import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import { linearCombination } from '../numeric/linear-combination.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { clampTo, mixNoise, noiseRatio, predictedClean, predictedNoise, type NoiseLevel } from './prediction.ts';
import type { NoiseSchedule, NoMemory, Scheduler } from './scheduler.ts';
import { spacedTimesteps } from './timestep-spacing.ts';

export type DdimOptions = Pick<
  SamplerOptions,
  'timestepSpacing' | 'stepsOffset' | 'setAlphaToOne' | 'clipSample' | 'clipSampleRange' | 'eta'
>;

/**
 * Denoising diffusion implicit models (Song, Meng and Ermon 2020, equation 12): each step goes to the predicted clean
 * sample and back along the predicted noise, of which `eta` puts a share in fresh.
 */
export const ddim: SamplerFamily<DdimOptions> = {
  resolve: (given) =>
    resolveOptions(
      { timestepSpacing: 'leading', stepsOffset: 0, setAlphaToOne: true, clipSample: true, clipSampleRange: 1, eta: 0 },
      given,
    ),
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
  create: createDdim,
};

function createDdim(schedule: NoiseSchedule, steps: number, options: DdimOptions): Scheduler<NoMemory> {
  const { trainTimesteps, predictionType } = schedule;
  const alphas = alphasCumprod(schedule, 'zero');
  const timesteps = spacedTimesteps(options, trainTimesteps, steps).map(roundHalfToEven);
  const stride = Math.floor(trainTimesteps / steps);
  const finalAlpha = options.setAlphaToOne ? 1 : (alphas[0] ?? 1);
  const alphaAt = (timestep: number): number => (timestep >= 0 ? (alphas[timestep] ?? Number.NaN) : finalAlpha);
  const levelOf = (index: number): NoiseLevel => levelOfAlpha(alphaAt(timesteps[index] ?? Number.NaN));
  const evaluations = onceAStep(timesteps, (index) => noiseRatio(levelOf(index)));

  const scheduler: Scheduler<NoMemory> = {
    ...onPlainLatents(evaluations, {}),
    answer(state, prediction, noise) {
      const { evaluation, latents, memory } = state;
      const timestep = timesteps[evaluation] ?? Number.NaN;
      const direction = predictedNoise(predictionType, levelOf(evaluation), prediction, latents);
      const next = alphaAt(timestep - stride);
      const fresh = options.eta * posteriorDeviation(alphaAt(timestep), next);
      const arrived = linearCombination([
        [Math.sqrt(next), scheduler.clean(state, prediction)],
        [Math.sqrt(Math.max(1 - next - fresh * fresh, 0)), direction],
        ...(options.eta > 0 ? [[fresh, noise.draw()] as const] : []),
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

export function levelOfAlpha(alpha: number): NoiseLevel {
  return { alpha: Math.sqrt(alpha), sigma: Math.sqrt(1 - alpha) };
}

/** Standard deviation of the sample at the next timestep, given this one and the clean sample (equation 16 with eta 1). */
function posteriorDeviation(alpha: number, nextAlpha: number): number {
  return Math.sqrt(((1 - nextAlpha) / (1 - alpha)) * (1 - alpha / nextAlpha));
}
