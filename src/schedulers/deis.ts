import { ArmatureError } from '../errors.ts';
import { linearCombination } from '../numeric/linear-combination.ts';
import { deisWeights } from './deis-weights.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { lambdaLevels, multistepSchedule, type LambdaLevel } from './multistep-schedule.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise, predictedClean, predictedNoise } from './prediction.ts';
import type { NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type DeisOptions = Pick<
  SamplerOptions,
  'timestepSpacing' | 'stepsOffset' | 'sigmaSpacing' | 'schedule' | 'publishedFor' | 'solverOrder' | 'lowerOrderFinal'
>;

/** Predictions of the noise of the steps before, newest first. */
type DeisMemory = { readonly predictions: readonly Float32Array[] };

/** Runs this short take a lower order on their last steps, where `lowerOrderFinal` is set. */
const shortRun = 15;

/**
 * The diffusion exponential integrator sampler (Zhang and Chen 2022, arXiv 2204.13902), multistep over log rho, of order 1 to 3. It ends at the
 * noise of timestep 0, unless a schedule says otherwise: its weights have no limit where there is none, and only the first order gets there.
 */
export const deis: SamplerFamily<DeisOptions, SigmaScheduler<DeisMemory>> = {
  resolve(given) {
    const options = resolveOptions<keyof DeisOptions>(
      {
        timestepSpacing: 'linspace',
        stepsOffset: 0,
        sigmaSpacing: 'schedule',
        ...scheduleDefaults,
        solverOrder: 2,
        lowerOrderFinal: true,
      },
      given,
    );
    return options.sigmaSpacing === 'lu' ? { ...options, sigmaSpacing: 'schedule' } : options;
  },
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps - 1),
  create: createDeis,
};

function createDeis(schedule: NoiseSchedule, steps: number, options: DeisOptions): SigmaScheduler<DeisMemory> {
  const { solverOrder, lowerOrderFinal, sigmaSpacing } = options;
  if (![1, 2, 3].includes(solverOrder)) {
    const detail = `Expected solver_order of DEIS to be 1, 2 or 3 but received ${solverOrder}. See the model's scheduler_config.json.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const { timesteps, ...table } = multistepSchedule(schedule, steps, {
    ...options,
    sigmaMin: null,
    sigmaMax: null,
    lambdaMinClipped: Number.NEGATIVE_INFINITY,
    roundTimesteps: true,
  });
  const last = sigmaSpacing === 'schedule' ? table.trainedMin : (table.sigmas.at(-1) ?? table.trainedMin);
  const sigmas = withFinalSigma(table.sigmas, table.final ?? last);
  const levels = lambdaLevels(sigmas);
  const levelOf = (index: number): LambdaLevel =>
    levels[index] ?? { alpha: Number.NaN, sigma: Number.NaN, lambda: Number.NaN };
  const orderAt = (index: number): number => {
    // Between equal levels there is nothing to solve, and higher orders divide by the distance; without noise they have no limit.
    if (sigmas[index] === sigmas[index + 1] || sigmas[index + 1] === 0) return 1;
    return lowerOrderFinal && timesteps.length < shortRun
      ? Math.min(solverOrder, timesteps.length - index)
      : solverOrder;
  };
  const evaluations = onceAStep(timesteps, (index) => sigmas[index] ?? Number.NaN);

  return {
    ...onPlainLatents(evaluations, { predictions: [] }),
    sigmas,
    answer({ evaluation: index, latents, memory }, prediction) {
      const newest = predictedNoise(schedule.predictionType, levelOf(index), prediction, latents);
      const known = [newest, ...memory.predictions];
      const order = Math.min(known.length, orderAt(index));
      const rhos = Array.from(sigmas.slice(index - order + 1, index + 1)).toReversed();
      const weights = deisWeights(sigmas[index + 1] ?? Number.NaN, rhos);
      const { alpha } = levelOf(index + 1);
      return {
        evaluation: index + 1,
        latents: linearCombination([
          [alpha / levelOf(index).alpha, latents],
          ...known.slice(0, order).map((values, back) => [alpha * (weights[back] ?? 0), values] as const),
        ]),
        memory: { predictions: known.slice(0, solverOrder - 1) },
      };
    },
    clean: ({ evaluation, latents }, prediction) =>
      predictedClean(schedule.predictionType, levelOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
}
