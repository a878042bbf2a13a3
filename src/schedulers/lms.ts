import { linearCombination } from '../numeric/linear-combination.ts';
import { cleanWeights, eulerSchedule, initialSigma, predictedOrigin, toUnitVariance } from './euler-schedule.ts';
import { nextEvaluation, onceAStep } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { lmsWeights } from './lms-weights.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise } from './prediction.ts';
import type { NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type LmsOptions = Pick<
  SamplerOptions,
  'timestepSpacing' | 'stepsOffset' | 'sigmaSpacing' | 'schedule' | 'publishedFor'
>;

/** Slopes of the steps before, newest first. */
type LmsMemory = {
  readonly slopes: readonly Float32Array[];
  /** Evaluation at which the run was begun. */
  readonly begun: number;
};

const order = 4;

/** The linear multistep method of order 4 (`sample_lms` of k-diffusion). */
export const lms: SamplerFamily<LmsOptions, SigmaScheduler<LmsMemory>> = {
  resolve(given) {
    const options = resolveOptions<keyof LmsOptions>(
      { timestepSpacing: 'linspace', stepsOffset: 0, sigmaSpacing: 'schedule', ...scheduleDefaults },
      given,
    );
    return options.sigmaSpacing === 'lu' ? { ...options, sigmaSpacing: 'schedule' } : options;
  },
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
  create: createLms,
};

function createLms(schedule: NoiseSchedule, steps: number, options: LmsOptions): SigmaScheduler<LmsMemory> {
  const {
    timesteps,
    sigmas: levels,
    final,
  } = eulerSchedule(schedule, steps, { ...options, sigmaMin: null, sigmaMax: null });
  const sigmas = withFinalSigma(levels, final ?? 0);
  const sigmaOf = (index: number): number => sigmas[index] ?? Number.NaN;
  const evaluations = onceAStep(timesteps, sigmaOf);

  return {
    evaluations,
    sigmas,
    initialNoiseSigma: initialSigma(options, sigmas),
    start: (latents, from = 0) => ({ evaluation: from, latents, memory: { slopes: [], begun: from } }),
    ask: (state) => ({
      ...nextEvaluation(evaluations, state),
      latents: toUnitVariance(state.latents, sigmaOf(state.evaluation)),
    }),
    answer({ evaluation: index, latents, memory }, prediction) {
      const sigma = sigmaOf(index);
      const clean = cleanWeights(schedule, sigma);
      const slope = linearCombination([
        [(1 - clean.sample) / sigma, latents],
        [-clean.output / sigma, prediction],
      ]);
      const slopes = [slope, ...memory.slopes].slice(0, order);
      const known = Array.from({ length: Math.min(index - memory.begun + 1, order) }, (_, back) =>
        sigmaOf(index - back),
      );
      const weights = lmsWeights(sigmaOf(index + 1), known);
      return {
        evaluation: index + 1,
        latents: linearCombination([
          [1, latents],
          ...slopes.map((values, back) => [weights[back] ?? 0, values] as const),
        ]),
        memory: { slopes: slopes.slice(0, order - 1), begun: memory.begun },
      };
    },
    clean: ({ evaluation, latents }, prediction) => predictedOrigin(schedule, sigmaOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise({ alpha: 1, sigma: sigmaOf(index) }, original, noise),
  };
}
