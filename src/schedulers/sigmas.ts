import { betaQuantile } from '../numeric/beta-distribution.ts';
import { linspace } from '../numeric/linspace.ts';
import { alphasCumprod } from './noise-schedule.ts';
import type { SigmaSpacing } from './options.ts';
import type { NoiseSchedule } from './scheduler.ts';

/** sigma = sqrt((1 - alpha) / alpha) of each training timestep, ascending; float32 as torch computes it. */
export function trainingSigmas(alphas: Float32Array): Float32Array {
  const { fround } = Math;
  return alphas.map((alpha) => Math.sqrt(fround(fround(1 - alpha) / alpha)));
}

/**
 * The range of levels of a model, an octave wider at either end than what it was trained on: published lists of levels reach a little past it. It does
 * not depend on the steps that are made.
 */
export function trainedLevels(schedule: NoiseSchedule): { readonly from: number; readonly to: number } {
  const table = trainingSigmas(alphasCumprod(schedule, 'tiny'));
  return { from: (table[0] ?? 1) / 2, to: (table.at(-1) ?? 1) * 2 };
}

/** Sigma at a timestep that may lie between two of the table; outside the table its ends. */
export function sigmaAt(timestep: number, table: Float32Array): number {
  const low = Math.min(Math.max(Math.floor(timestep), 0), table.length - 1);
  const sigma = table[low] ?? 0;
  const next = table[low + 1] ?? sigma;
  return sigma + (next - sigma) * Math.min(Math.max(timestep - low, 0), 1);
}

export interface SigmaEnds {
  readonly min: number;
  readonly max: number;
}

/**
 * `count` noise levels from `max` down to `min`, in float64.
 *
 * `karras`: equal steps in sigma^(1/7) (Karras et al. 2022, equation 5). `exponential`: equal steps in log sigma. `beta`:
 * quantiles of the beta distribution with both parameters 0.6 (Lee et al. 2024). `lu`: equal steps in the half log of the
 * signal-to-noise ratio, lambda = -log sigma (Lu et al. 2022, DPM-Solver), which are those of `exponential` in another
 * order of rounding.
 */
export function spacedSigmas(
  spacing: Exclude<SigmaSpacing, 'schedule'>,
  { min, max }: SigmaEnds,
  count: number,
): number[] {
  switch (spacing) {
    case 'karras': {
      const rho = 7;
      const [minRoot, maxRoot] = [min ** (1 / rho), max ** (1 / rho)];
      return linspace(0, 1, count).map((ramp) => (maxRoot + ramp * (minRoot - maxRoot)) ** rho);
    }
    case 'exponential':
      return linspace(Math.log(max), Math.log(min), count).map(Math.exp);
    case 'beta':
      return linspace(0, 1, count).map((ramp) => min + betaQuantile(1 - ramp, 0.6, 0.6) * (max - min));
    case 'lu': {
      const { fround } = Math;
      const [minLog, maxLog] = [fround(Math.log(min)), fround(Math.log(max))];
      return linspace(0, 1, count).map((ramp) => Math.exp(maxLog + ramp * (minLog - maxLog)));
    }
  }
}

/**
 * The timestep, in general fractional, at which the table reaches `sigma`: linear in log sigma between two entries, the
 * first or last timestep beyond them.
 */
export function timestepOf(sigma: number, logTable: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  const above = logTable.findIndex((entry) => entry > logSigma);
  const low = Math.min(Math.max((above === -1 ? logTable.length : above) - 1, 0), logTable.length - 2);
  const [logLow, logHigh] = [logTable[low] ?? 0, logTable[low + 1] ?? 0];
  const share = Math.min(Math.max((logLow - logSigma) / Math.fround(logLow - logHigh), 0), 1);
  return (1 - share) * low + share * (low + 1);
}

/** Sigmas as float32, with the one that the last step ends at. */
export function withFinalSigma(sigmas: readonly number[], final: number): Float32Array {
  return Float32Array.from([...sigmas, final]);
}
