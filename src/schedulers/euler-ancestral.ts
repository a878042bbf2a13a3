import { linearCombination } from '../numeric/linear-combination.ts';
import { cleanWeights, eulerSchedule, initialSigma, toUnitVariance } from './euler-schedule.ts';
import { checkSteps, type SamplerFamily } from './family.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { mixNoise } from './prediction.ts';
import type { NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type EulerAncestralOptions = Pick<SamplerOptions, 'timestepSpacing' | 'stepsOffset'>;

/**
 * Ancestral sampling with Euler steps (`sample_euler_ancestral` of k-diffusion): each step goes below the next noise level
 * and comes back up to it with fresh noise. Draws noise on the last step too, where its weight is 0, as diffusers does.
 */
export const eulerAncestral: SamplerFamily<EulerAncestralOptions, SigmaScheduler> = {
  resolve: (given) => resolveOptions({ timestepSpacing: 'linspace', stepsOffset: 0 }, given),
  create: createEulerAncestral,
};

function createEulerAncestral(schedule: NoiseSchedule, steps: number, options: EulerAncestralOptions): SigmaScheduler {
  checkSteps(steps, schedule.trainTimesteps, 'the timesteps that the model was trained on');
  const spacing = { ...options, sigmaSpacing: 'schedule', sigmaMin: null, sigmaMax: null } as const;
  const { timesteps, sigmas: levels } = eulerSchedule(schedule, steps, spacing);
  const sigmas = withFinalSigma(levels, 0);
  const sigmaOf = (index: number): number => sigmas[index] ?? Number.NaN;

  return {
    timesteps,
    sigmas,
    initialNoiseSigma: initialSigma(options, sigmas),
    state: {},
    scaleModelInput: (sample, index) => toUnitVariance(sample, sigmaOf(index)),
    step(output, index, sample, noise) {
      const [from, to] = [sigmaOf(index), sigmaOf(index + 1)];
      const clean = cleanWeights(schedule, from);
      const { up, down } = ancestralStep(from, to);
      const slope = (down - from) / from;
      return linearCombination([
        [1 + (1 - clean.sample) * slope, sample],
        [-clean.output * slope, output],
        [up, noise()],
      ]);
    },
    addNoise: (original, noise, index) => mixNoise({ alpha: 1, sigma: sigmaOf(index) }, original, noise),
  };
}

/** The level to step down to and the noise that leads from there to `to`: down^2 + up^2 = to^2. */
function ancestralStep(from: number, to: number): { readonly down: number; readonly up: number } {
  const down = (to * to) / from;
  return { down, up: Math.sqrt(Math.max(to * to - down * down, 0)) };
}
