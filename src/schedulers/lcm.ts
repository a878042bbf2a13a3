import { linearCombination } from '../numeric/linear-combination.ts';
import { levelOfAlpha } from './ddim.ts';
import { distillationTimesteps, distilledSteps } from './distillation-timesteps.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import type { SamplerFamily } from './family.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { stepsOfPart } from './part.ts';
import { clampTo, mixNoise, noiseRatio, predictedClean, type NoiseLevel } from './prediction.ts';
import type { NoiseSchedule, NoMemory, Scheduler } from './scheduler.ts';

export type LcmOptions = Pick<
  SamplerOptions,
  'originalInferenceSteps' | 'timestepScaling' | 'clipSample' | 'clipSampleRange'
>;

/** Standard deviation of the data, as the consistency models were distilled with. */
const sigmaData = 0.5;

/**
 * Multistep consistency sampling of latent consistency models (Luo et al. 2023, algorithm 3): each step predicts the clean
 * sample and noises it to the next timestep of the distillation schedule. The last step draws no noise.
 */
export const lcm: SamplerFamily<LcmOptions> = {
  resolve: (given) =>
    resolveOptions({ originalInferenceSteps: 50, timestepScaling: 10, clipSample: false, clipSampleRange: 1 }, given),
  evaluationsPerStep: 1,
  strengthCutsSchedule: true,
  stepLimit: (_schedule, { originalInferenceSteps }, strength = 1) =>
    distilledSteps('LCM', originalInferenceSteps, strength),
  create: createLcm,
};

function createLcm(schedule: NoiseSchedule, steps: number, options: LcmOptions, strength = 1): Scheduler<NoMemory> {
  const { originalInferenceSteps } = options;
  const alphas = alphasCumprod(schedule, 'zero');
  const stride = Math.floor(schedule.trainTimesteps / originalInferenceSteps);
  const timesteps = distillationTimesteps(stride, stepsOfPart({ steps: originalInferenceSteps, strength }), steps);
  const timestepOf = (index: number): number => timesteps[index] ?? Number.NaN;
  const levelOf = (index: number): NoiseLevel => levelOfAlpha(alphas[timestepOf(index)] ?? Number.NaN);

  const evaluations = onceAStep(timesteps, (index) => noiseRatio(levelOf(index)));

  const scheduler: Scheduler<NoMemory> = {
    ...onPlainLatents(evaluations, {}),
    answer(state, prediction, noise) {
      const next = state.evaluation + 1;
      const denoised = scheduler.clean(state, prediction);
      const isLast = next === timesteps.length;
      const latents = isLast ? denoised : mixNoise(levelOf(next), denoised, noise.draw());
      return { evaluation: next, latents, memory: state.memory };
    },
    clean({ evaluation, latents }, prediction) {
      const predicted = predictedClean(schedule.predictionType, levelOf(evaluation), prediction, latents);
      const clipped = options.clipSample ? clampTo(options.clipSampleRange, predicted) : predicted;
      const boundary = boundaryWeights(timestepOf(evaluation) * options.timestepScaling);
      return linearCombination([
        [boundary.output, clipped],
        [boundary.skip, latents],
      ]);
    },
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
  return scheduler;
}

/** c_skip and c_out, with which the model gives back its input at timestep 0. */
function boundaryWeights(scaledTimestep: number): { readonly skip: number; readonly output: number } {
  const variance = scaledTimestep ** 2 + sigmaData ** 2;
  return { skip: sigmaData ** 2 / variance, output: scaledTimestep / Math.sqrt(variance) };
}
