import { ancestralStep } from './ancestral-step.ts';
import { ancestralFamily } from './two-stage-family.ts';

/**
 * DPM-Solver++(2S) (Lu et al. 2022, arXiv 2211.01095, algorithm 1 with r = 1/2) with ancestral noise, as `sample_dpmpp_2s_ancestral` of
 * k-diffusion has it: a step goes to the clean sample that is seen from its middle.
 */
export const dpmpp2sAncestral = ancestralFamily((eta) => ({
  by: 'clean',
  midway: (from, to) => ({ down: Math.sqrt(from * ancestralStep(from, to, eta).down), up: 0 }),
  whole: (from, to) => ancestralStep(from, to, eta),
  noise: (noise) => noise.draw(),
}));

/**
 * The stochastic DPM-Solver++ with r = 1/2, `sample_dpmpp_sde` of k-diffusion: both of its steps, that to the middle and the whole one, have the
 * noise of the same path.
 */
export const dpmppSde = ancestralFamily((eta) => ({
  by: 'clean',
  midway: (from, to) => ancestralStep(from, Math.sqrt(from * to), eta),
  whole: (from, to) => ancestralStep(from, to, eta),
  noise: (noise, from, to) => noise.between(from, to),
}));
