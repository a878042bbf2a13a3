import { linearCombination } from '../numeric/linear-combination.ts';
import { ancestralStep } from './ancestral-step.ts';
import { cleanWeights, eulerSchedule, initialSigma, predictedOrigin, toUnitVariance } from './euler-schedule.ts';
import { nextEvaluation, onceAStep } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise } from './prediction.ts';
import type { NoiseSchedule, NoMemory, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type EulerAncestralOptions = Pick<
  SamplerOptions,
  'timestepSpacing' | 'stepsOffset' | 'schedule' | 'publishedFor' | 'eta'
>;

/**
 * Ancestral sampling with Euler steps (`sample_euler_ancestral` of k-diffusion): each step goes below the next noise level
 * and comes back up to it with fresh noise. Draws noise on the last step too, where its weight is 0, as diffusers does.
 */
export const eulerAncestral: SamplerFamily<EulerAncestralOptions, SigmaScheduler<NoMemory>> = {
  resolve: (given) =>
    resolveOptions<keyof EulerAncestralOptions>(
      { timestepSpacing: 'linspace', stepsOffset: 0, ...scheduleDefaults, eta: 1 },
      given,
    ),
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
  create: createEulerAncestral,
};

function createEulerAncestral(
  schedule: NoiseSchedule,
  steps: number,
  options: EulerAncestralOptions,
): SigmaScheduler<NoMemory> {
  const spacing = { ...options, sigmaSpacing: 'schedule', sigmaMin: null, sigmaMax: null } as const;
  const { timesteps, sigmas: levels, final } = eulerSchedule(schedule, steps, spacing);
  const sigmas = withFinalSigma(levels, final ?? 0);
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
      const [from, to] = [sigmaOf(evaluation), sigmaOf(evaluation + 1)];
      const clean = cleanWeights(schedule, from);
      const { up, down } = ancestralStep(from, to, options.eta);
      const slope = (down - from) / from;
      const arrived = linearCombination([
        [1 + (1 - clean.sample) * slope, latents],
        [-clean.output * slope, prediction],
        ...(options.eta > 0 ? [[up, noise.draw()] as const] : []),
      ]);
      return { evaluation: evaluation + 1, latents: arrived, memory };
    },
    clean: ({ evaluation, latents }, prediction) => predictedOrigin(schedule, sigmaOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise({ alpha: 1, sigma: sigmaOf(index) }, original, noise),
  };
}
