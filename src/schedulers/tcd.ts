import { linearCombination } from '../numeric/linear-combination.ts';
import { levelOfAlpha } from './ddim.ts';
import { distillationTimesteps, distilledSteps } from './distillation-timesteps.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import type { SamplerFamily } from './family.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { stepsOfPart } from './part.ts';
import { mixNoise, noiseRatio, predictedClean, predictedNoise, type NoiseLevel } from './prediction.ts';
import type { NoiseSchedule, NoMemory, Scheduler } from './scheduler.ts';

export type TcdOptions = Pick<SamplerOptions, 'originalInferenceSteps' | 'eta'>;

const { fround } = Math;

/**
 * Strategic stochastic sampling of trajectory consistency models (Zheng et al. 2024, algorithm 4): each step goes below the next timestep, to
 * (1 - eta) of it, and comes back up with fresh noise. The last step, to timestep 0, draws none.
 */
export const tcd: SamplerFamily<TcdOptions> = {
  resolve: (given) => resolveOptions({ originalInferenceSteps: 50, eta: 0.3 }, given),
  evaluationsPerStep: 1,
  strengthCutsSchedule: true,
  stepLimit: (_schedule, { originalInferenceSteps }, strength = 1) =>
    distilledSteps('TCD', originalInferenceSteps, strength),
  create: createTcd,
};

function createTcd(schedule: NoiseSchedule, steps: number, options: TcdOptions, strength = 1): Scheduler<NoMemory> {
  const { predictionType, trainTimesteps } = schedule;
  const { originalInferenceSteps, eta } = options;
  const alphas = alphasCumprod(schedule, 'zero');
  const stride = Math.floor(trainTimesteps / originalInferenceSteps);
  const timesteps = distillationTimesteps(stride, stepsOfPart({ steps: originalInferenceSteps, strength }), steps);
  const alphaAt = (timestep: number): number => alphas[timestep] ?? Number.NaN;
  const levelOf = (index: number): NoiseLevel => levelOfAlpha(alphaAt(timesteps[index] ?? Number.NaN));
  const evaluations = onceAStep(timesteps, (index) => noiseRatio(levelOf(index)));

  const scheduler: Scheduler<NoMemory> = {
    ...onPlainLatents(evaluations, {}),
    answer(state, prediction, noise) {
      const { evaluation, latents, memory } = state;
      const next = timesteps[evaluation + 1];
      // Computed in float32 as torch does: the product may lie a little below a whole number.
      const below = Math.floor(fround(fround(1 - eta) * (next ?? 0)));
      const { alpha, sigma } = levelOfAlpha(alphaAt(below));
      const direction = predictedNoise(predictionType, levelOf(evaluation), prediction, latents);
      const rise = next === undefined ? 1 : alphaAt(next) / alphaAt(below);
      const scale = next === undefined || eta === 0 ? 1 : Math.sqrt(rise);
      const arrived = linearCombination([
        [scale * alpha, scheduler.clean(state, prediction)],
        [scale * sigma, direction],
        ...(next !== undefined && eta > 0 ? [[Math.sqrt(1 - rise), noise.draw()] as const] : []),
      ]);
      return { evaluation: evaluation + 1, latents: arrived, memory };
    },
    clean: ({ evaluation, latents }, prediction) =>
      predictedClean(predictionType, levelOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
  return scheduler;
}
