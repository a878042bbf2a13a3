import { linearCombination } from '../numeric/linear-combination.ts';
import { checkDpmOptions, isStochastic } from './dpm-solver.ts';
import { singlestepWeights } from './dpm-singlestep-weights.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { lambdaLevels, multistepSchedule, type LambdaLevel } from './multistep-schedule.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise, predictedClean, predictedNoise } from './prediction.ts';
import type { NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type DpmSinglestepOptions = Pick<
  SamplerOptions,
  | 'sigmaSpacing'
  | 'schedule'
  | 'publishedFor'
  | 'finalSigmasType'
  | 'lambdaMinClipped'
  | 'algorithmType'
  | 'solverOrder'
  | 'solverType'
  | 'lowerOrderFinal'
>;

/** Of the present group of steps: where it started, and its predictions so far, newest first. */
type DpmSinglestepMemory = { readonly start: Float32Array | null; readonly predictions: readonly Float32Array[] };

/**
 * The singlestep solvers DPM-Solver and DPM-Solver++ (Lu et al. 2022) of order 1 to 3, as diffusers lays them out: steps go in groups of the
 * order, each evaluates once, and the k-th of a group is made from the group's start with all k predictions.
 */
export const dpmSinglestep: SamplerFamily<DpmSinglestepOptions, SigmaScheduler<DpmSinglestepMemory>> = {
  resolve(given) {
    const options = resolveOptions<keyof DpmSinglestepOptions>(
      {
        sigmaSpacing: 'schedule',
        ...scheduleDefaults,
        finalSigmasType: 'zero',
        lambdaMinClipped: Number.NEGATIVE_INFINITY,
        algorithmType: 'dpmsolver++',
        solverOrder: 2,
        solverType: 'midpoint',
        lowerOrderFinal: false,
      },
      given,
    );
    return {
      ...options,
      solverType: options.solverType === 'heun' ? 'heun' : 'midpoint',
      sigmaSpacing: options.sigmaSpacing === 'lu' ? 'schedule' : options.sigmaSpacing,
    };
  },
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps - 1),
  create: createSinglestep,
};

function createSinglestep(
  schedule: NoiseSchedule,
  steps: number,
  options: DpmSinglestepOptions,
): SigmaScheduler<DpmSinglestepMemory> {
  checkDpmOptions(options);
  const { timesteps, ...table } = multistepSchedule(schedule, steps, {
    ...options,
    timestepSpacing: 'linspace',
    stepsOffset: 0,
    sigmaMin: null,
    sigmaMax: null,
    roundTimesteps: true,
  });
  const sigmas = withFinalSigma(
    table.sigmas,
    table.final ?? (options.finalSigmasType === 'zero' ? 0 : table.trainedMin),
  );
  const levels = lambdaLevels(sigmas);
  const levelOf = (index: number): LambdaLevel =>
    levels[index] ?? { alpha: Number.NaN, sigma: Number.NaN, lambda: Number.NaN };
  const orders = orderList(options, timesteps.length);
  const predict = options.algorithmType.endsWith('++') ? predictedClean : predictedNoise;
  const evaluations = onceAStep(timesteps, (index) => sigmas[index] ?? Number.NaN);

  return {
    ...onPlainLatents(evaluations, { start: null, predictions: [] }),
    sigmas,
    answer({ evaluation: index, latents, memory }, prediction, noise) {
      const newest = predict(schedule.predictionType, levelOf(index), prediction, latents);
      const known = [newest, ...memory.predictions];
      // A run that is begun within a group knows less than the group's steps ask for.
      const order = Math.min(known.length, orders[index] ?? 1);
      const start = order === 1 ? latents.slice() : (memory.start ?? latents.slice());
      const groupStart = index - order + 1;
      const step = singlestepWeights(options, levelOf(index + 1), levels.slice(groupStart, index + 1).toReversed());
      return {
        evaluation: index + 1,
        latents: linearCombination([
          [step.sample, start],
          ...known.slice(0, order).map((values, back) => [step.predictions[back] ?? 0, values] as const),
          ...(isStochastic(options)
            ? [[step.noise, noise.between(sigmas[groupStart] ?? 0, sigmas[index + 1] ?? 0)] as const]
            : []),
        ]),
        memory: { start, predictions: known.slice(0, options.solverOrder - 1) },
      };
    },
    clean: ({ evaluation, latents }, prediction) =>
      predictedClean(schedule.predictionType, levelOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
}

/** The place of each step in its group, from 1; the last ones are lowered where the run does not end with a whole group, or without noise. */
function orderList({ solverOrder, lowerOrderFinal, finalSigmasType }: DpmSinglestepOptions, steps: number): number[] {
  const orders = Array.from({ length: steps }, (_, index) => (index % solverOrder) + 1);
  const lowers = lowerOrderFinal || finalSigmasType === 'zero' || steps % solverOrder !== 0;
  if (lowers && steps % solverOrder === 0) {
    // A last group that is whole ends one order lower: 1, 2, 1 of three, 1, 1 of two.
    orders[steps - 1] = 1;
  }
  if (finalSigmasType === 'zero') orders[steps - 1] = 1;
  return orders;
}
