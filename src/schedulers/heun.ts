import { twoStageFamily } from './two-stage-family.ts';

/**
 * Heun's method on the probability flow ODE (Karras et al. 2022, algorithm 1): Euler's step, then once more by the mean of the slopes at its
 * two ends.
 */
export const heun = twoStageFamily({
  by: 'mean',
  midway: (_from, to) => ({ down: to, up: 0 }),
  whole: (_from, to) => ({ down: to, up: 0 }),
});
