import type { NoiseSchedule } from './scheduler.ts';

const { fround } = Math;

/**
 * What a schedule with zero terminal signal ends in: `zero` exactly (DDIM, LCM), or 2^-24, which keeps the largest sigma
 * finite (the samplers in sigma space).
 */
export type TerminalSignal = 'zero' | 'tiny';

/**
 * The cumulative product of 1 - beta for each training timestep: the share of the clean sample in the variance of the
 * noisy one (Ho et al. 2020). Float32 bit for bit as torch computes it, and within 4e-6 where the schedule is rescaled.
 */
export function alphasCumprod(schedule: NoiseSchedule, terminal: TerminalSignal): Float32Array {
  const betas = scheduleBetas(schedule);
  if (!schedule.rescaleBetasZeroSnr) return cumulativeAlphas(betas);
  const alphas = cumulativeAlphas(rescaleToZeroTerminalSnr(betas));
  if (terminal === 'tiny') alphas[alphas.length - 1] = 2 ** -24;
  return alphas;
}

function scheduleBetas(schedule: NoiseSchedule): Float32Array {
  const { trainTimesteps, betaStart, betaEnd } = schedule;
  if (schedule.trainedBetas !== null) return Float32Array.from(schedule.trainedBetas);
  switch (schedule.betaSchedule) {
    case 'linear':
      return linspaceFloat32(betaStart, betaEnd, trainTimesteps);
    case 'scaled_linear':
      return linspaceFloat32(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return Float32Array.from({ length: trainTimesteps }, (_, i) => betaOfCosine(i, trainTimesteps));
  }
}

/** The cosine schedule of Nichol and Dhariwal 2021, capped at 0.999. */
export function betaOfCosine(timestep: number, trainTimesteps: number): number {
  const signal = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Math.min(1 - signal((timestep + 1) / trainTimesteps) / signal(timestep / trainTimesteps), 0.999);
}

/**
 * `torch.linspace` in float32: counted from both ends to the middle, each value one fused multiply-add (the product of two
 * float32 numbers is exact in float64, so one rounding at the end is the same).
 */
function linspaceFloat32(start: number, end: number, count: number): Float32Array {
  const [first, last] = [fround(start), fround(end)];
  const step = fround(fround(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + step * i : last - step * (count - 1 - i),
  );
}

/** torch keeps the running product in float64 and rounds each entry. */
function cumulativeAlphas(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => (product *= fround(1 - beta)));
}

/**
 * Betas moved so that the last timestep holds no signal while the first keeps its own (Lin et al. 2023, "Common Diffusion
 * Noise Schedules and Sample Steps are Flawed", algorithm 1).
 */
function rescaleToZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeAlphas(betas).map((alpha) => Math.sqrt(alpha));
  const first = roots[0] ?? 0;
  const last = roots.at(-1) ?? 0;
  const stretch = fround(first / fround(first - last));
  const alphas = roots.map((root) => fround(fround(root - last) * stretch) ** 2);
  return alphas.map((alpha, i) => 1 - (i === 0 ? alpha : fround(alpha / (alphas[i - 1] ?? 1))));
}
