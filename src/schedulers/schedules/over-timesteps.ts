import { betaQuantile } from '../../numeric/beta-distribution.ts';
import { linspace } from '../../numeric/linspace.ts';
import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import { levelAt } from './level-table.ts';
import { endingIn, rampAt, type TrainedLevels } from './schedule.ts';

/** Equal steps in time, from the last timestep to the first (`get_sigmas` of k-diffusion). */
export function normal(trained: TrainedLevels, steps: number): number[] {
  return [...linspace(lastOf(trained), 0, steps).map((timestep) => levelAt(trained, timestep)), 0];
}

/** Equal steps in time of which the last one goes to the first timestep, which is left out: no noise comes instead of it. */
export function sgmUniform(trained: TrainedLevels, steps: number): number[] {
  const timesteps = linspace(lastOf(trained), 0, steps + 1).slice(0, -1);
  return [...timesteps.map((timestep) => levelAt(trained, timestep)), 0];
}

/** Every so many of the trained levels, from the last one on. */
export function simple({ sigmas }: TrainedLevels, steps: number): number[] {
  const stride = sigmas.length / steps;
  return endingIn(0, steps, (index) => sigmas[sigmas.length - 1 - Math.trunc(index * stride)] ?? 0);
}

/** Every so many of the trained levels, from the second one on: a whole number of them lies between two, so that their count may be another than was asked. */
export function ddimUniform({ sigmas }: TrainedLevels, steps: number): number[] {
  const stride = Math.max(Math.floor(sigmas.length / steps), 1);
  const picked = Array.from(sigmas).filter((_, index) => index > 0 && (index - 1) % stride === 0);
  return [...picked.toReversed(), 0];
}

const shape = 0.6;

/** Timesteps at the quantiles of a beta distribution (Lee et al. 2024, "Beta Sampling is All You Need"); equal neighbours are one. */
export function beta({ sigmas }: TrainedLevels, steps: number): number[] {
  const timesteps = Array.from({ length: steps }, (_, index) =>
    roundHalfToEven((sigmas.length - 1) * betaQuantile(1 - index / steps, shape, shape)),
  );
  const distinct = timesteps.filter((timestep, index) => timestep !== timesteps[index - 1]);
  return [...distinct.map((timestep) => sigmas[timestep] ?? 0), 0];
}

/** A1111's schedule of that name: levels at the quantiles, not timesteps. */
export function betaA1111({ min, max }: TrainedLevels, steps: number): number[] {
  return endingIn(0, steps, (index) => min + betaQuantile(1 - rampAt(index, steps), shape, shape) * (max - min));
}

function lastOf({ sigmas }: TrainedLevels): number {
  return sigmas.length - 1;
}
