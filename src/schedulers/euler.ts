import { linearCombination } from '../numeric/linear-combination.ts';
import { cleanWeights, eulerSchedule, initialSigma, predictedOrigin, toUnitVariance } from './euler-schedule.ts';
import { nextEvaluation, onceAStep } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise } from './prediction.ts';
import type { NoiseSchedule, NoMemory, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type EulerOptions = Pick<
  SamplerOptions,
  | 'timestepSpacing'
  | 'stepsOffset'
  | 'sigmaSpacing'
  | 'schedule'
  | 'publishedFor'
  | 'sigmaMin'
  | 'sigmaMax'
  | 'finalSigmasType'
  | 'sChurn'
  | 'sTmin'
  | 'sTmax'
  | 'sNoise'
>;

/**
 * Euler's method on the probability flow ODE (Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based
 * Generative Models", algorithm 2 without its second-order correction; `sample_euler` of k-diffusion).
 */
export const euler: SamplerFamily<EulerOptions, SigmaScheduler<NoMemory>> = {
  resolve: (given) =>
    resolveOptions(
      {
        timestepSpacing: 'linspace',
        stepsOffset: 0,
        sigmaSpacing: 'schedule',
        ...scheduleDefaults,
        sigmaMin: null,
        sigmaMax: null,
        finalSigmasType: 'zero',
        sChurn: 0,
        sTmin: 0,
        sTmax: Number.POSITIVE_INFINITY,
        sNoise: 1,
      },
      // The Lu spacing is the DPM solvers' own; diffusers' Euler does not know it either.
      given.sigmaSpacing === 'lu' ? { ...given, sigmaSpacing: 'schedule' } : given,
    ),
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
  create: createEuler,
};

function createEuler(schedule: NoiseSchedule, steps: number, options: EulerOptions): SigmaScheduler<NoMemory> {
  const { timesteps, sigmas: levels, final, trainedMin } = eulerSchedule(schedule, steps, options);
  const sigmas = withFinalSigma(levels, final ?? (options.finalSigmasType === 'zero' ? 0 : trainedMin));
  const sigmaOf = (index: number): number => sigmas[index] ?? Number.NaN;

  const evaluations = onceAStep(timesteps, sigmaOf);

  return {
    evaluations,
    sigmas,
    initialNoiseSigma: initialSigma(options, sigmas),
    start: (latents, from = 0) => ({ evaluation: from, latents, memory: {} }),
    ask: (state) => ({
      ...nextEvaluation(evaluations, state),
      latents: toUnitVariance(state.latents, sigmaOf(state.evaluation)),
    }),
    answer({ evaluation, latents, memory }, prediction, noise) {
      const sigma = sigmaOf(evaluation);
      const gamma = churn(options, sigma, timesteps.length);
      const raised = sigma * (1 + gamma);
      // diffusers takes epsilon at the raised level and v at the level before.
      const clean = cleanWeights(schedule, schedule.predictionType === 'epsilon' ? raised : sigma);
      const slope = (sigmaOf(evaluation + 1) - raised) / raised;
      const sampleWeight = 1 + (1 - clean.sample) * slope;
      const noiseWeight = options.sNoise * Math.sqrt(Math.max(raised * raised - sigma * sigma, 0));
      const arrived = linearCombination([
        [sampleWeight, latents],
        [-clean.output * slope, prediction],
        ...(gamma > 0 ? [[sampleWeight * noiseWeight, noise.draw()] as const] : []),
      ]);
      return { evaluation: evaluation + 1, latents: arrived, memory };
    },
    clean: ({ evaluation, latents }, prediction) => predictedOrigin(schedule, sigmaOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise({ alpha: 1, sigma: sigmaOf(index) }, original, noise),
  };
}

/** How far a step first raises the noise level, as a share of it. */
function churn({ sChurn, sTmin, sTmax }: EulerOptions, sigma: number, steps: number): number {
  return sigma >= sTmin && sigma <= sTmax ? Math.min(sChurn / steps, Math.SQRT2 - 1) : 0;
}
