import { linspace } from '../numeric/linspace.ts';
import { betaOfCosine } from './noise-schedule.ts';
import type { NoiseSchedule } from './scheduler.ts';
import type { LevelTable } from './schedules/level-table.ts';

/** The noise levels that a model was trained on. */
export function levelTable(schedule: NoiseSchedule): LevelTable {
  const sigmas = trainedAlphas(schedule).map((alpha) => Math.sqrt((1 - alpha) / alpha));
  return { sigmas, logs: sigmas.map(Math.log), min: sigmas[0] ?? 0, max: sigmas.at(-1) ?? 0 };
}

/**
 * The cumulative product of 1 - beta in float64, as ComfyUI computes it: `alphasCumprod` is what torch makes of it in float32. Where no signal is left at the
 * end it holds 2^-24 of it, so that the largest level is finite.
 */
function trainedAlphas(schedule: NoiseSchedule): Float64Array {
  let product = 1;
  const alphas = Float64Array.from(betasOf(schedule), (beta) => (product *= 1 - beta));
  if (!schedule.rescaleBetasZeroSnr) return alphas;
  const roots = alphas.map(Math.sqrt);
  const [first, last] = [roots[0] ?? 0, roots.at(-1) ?? 0];
  const rescaled = roots.map((root) => ((root - last) * (first / (first - last))) ** 2);
  rescaled[rescaled.length - 1] = 2 ** -24;
  return rescaled;
}

function betasOf({ trainedBetas, trainTimesteps, betaStart, betaEnd, betaSchedule }: NoiseSchedule): readonly number[] {
  if (trainedBetas !== null) return trainedBetas;
  switch (betaSchedule) {
    case 'linear':
      return linspace(betaStart, betaEnd, trainTimesteps);
    case 'scaled_linear':
      return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return Array.from({ length: trainTimesteps }, (_, index) => betaOfCosine(index, trainTimesteps));
  }
}
