import { ArmatureError } from '../errors.ts';
import { linearCombination } from '../numeric/linear-combination.ts';
import { dpmSolverStep } from './dpm-solver-weights.ts';
import { onceAStep, onPlainLatents } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { lambdaLevels, multistepSchedule, type LambdaLevel } from './multistep-schedule.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise, predictedClean, predictedNoise } from './prediction.ts';
import type { NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';

export type DpmSolverOptions = Pick<
  SamplerOptions,
  | 'timestepSpacing'
  | 'stepsOffset'
  | 'sigmaSpacing'
  | 'schedule'
  | 'publishedFor'
  | 'finalSigmasType'
  | 'lambdaMinClipped'
  | 'algorithmType'
  | 'solverOrder'
  | 'solverType'
  | 'lowerOrderFinal'
  | 'eulerAtFinal'
>;

/** Predictions of the steps before, newest first. */
type DpmSolverMemory = { readonly predictions: readonly Float32Array[] };

/** Runs this short take a lower order on their last steps, where `lowerOrderFinal` is set. */
const shortRun = 15;

/**
 * The multistep solvers DPM-Solver and DPM-Solver++ (Lu et al. 2022, arXiv 2206.00927 and 2211.01095) of order 1 to 3, on
 * the ODE or the SDE. DPM++ 2M is `dpmsolver++` of order 2 with `midpoint`.
 */
export const dpmSolver: SamplerFamily<DpmSolverOptions, SigmaScheduler<DpmSolverMemory>> = {
  resolve(given) {
    const options = resolveOptions<keyof DpmSolverOptions>(
      {
        timestepSpacing: 'linspace',
        stepsOffset: 0,
        sigmaSpacing: 'schedule',
        ...scheduleDefaults,
        finalSigmasType: 'zero',
        lambdaMinClipped: Number.NEGATIVE_INFINITY,
        algorithmType: 'dpmsolver++',
        solverOrder: 2,
        solverType: 'midpoint',
        lowerOrderFinal: true,
        eulerAtFinal: false,
      },
      given,
    );
    // A model file that was written for UniPC or DEIS names their kinds of solver.
    return options.solverType === 'heun' ? options : { ...options, solverType: 'midpoint' };
  },
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps - 1),
  create: createDpmSolver,
};

function createDpmSolver(
  schedule: NoiseSchedule,
  steps: number,
  options: DpmSolverOptions,
): SigmaScheduler<DpmSolverMemory> {
  checkDpmOptions(options);
  const { timesteps, ...levelsOf } = multistepSchedule(schedule, steps, {
    ...options,
    sigmaMin: null,
    sigmaMax: null,
    roundTimesteps: schedule.betaSchedule !== 'squaredcos_cap_v2',
  });
  const sigmas = withFinalSigma(
    levelsOf.sigmas,
    levelsOf.final ?? (options.finalSigmasType === 'zero' ? 0 : levelsOf.trainedMin),
  );
  const levels = lambdaLevels(sigmas);
  const levelOf = (index: number): LambdaLevel =>
    levels[index] ?? { alpha: Number.NaN, sigma: Number.NaN, lambda: Number.NaN };
  const predict = options.algorithmType.endsWith('++') ? predictedClean : predictedNoise;
  const solverType = options.solverType === 'heun' ? 'heun' : 'midpoint';

  const evaluations = onceAStep(timesteps, (index) => sigmas[index] ?? Number.NaN);

  return {
    ...onPlainLatents(evaluations, { predictions: [] }),
    sigmas,
    answer({ evaluation: index, latents, memory }, prediction, noise) {
      const newest = predict(schedule.predictionType, levelOf(index), prediction, latents);
      const known = [newest, ...memory.predictions];
      const order = Math.min(known.length, orderAt(options, index, timesteps.length, sigmas));
      const step = dpmSolverStep({
        algorithm: options.algorithmType,
        solverType,
        levels: [
          levelOf(index + 1),
          levelOf(index),
          ...levels.slice(Math.max(index - order + 1, 0), index).toReversed(),
        ],
        predictions: known.slice(0, order),
      });
      const terms = [[step.sample, latents] as const, ...step.predictions];
      return {
        evaluation: index + 1,
        latents: linearCombination(
          isStochastic(options)
            ? [...terms, [step.noise, noise.between(sigmas[index] ?? 0, sigmas[index + 1] ?? 0)]]
            : terms,
        ),
        memory: { predictions: known.slice(0, options.solverOrder - 1) },
      };
    },
    clean: ({ evaluation, latents }, prediction) =>
      predictedClean(schedule.predictionType, levelOf(evaluation), prediction, latents),
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
}

/** The order that a step may take by its place in the run. */
function orderAt(options: DpmSolverOptions, index: number, steps: number, sigmas: Float32Array): number {
  const { solverOrder, lowerOrderFinal, eulerAtFinal, finalSigmasType } = options;
  const lowersOrder = lowerOrderFinal && steps < shortRun;
  const isLast = index === steps - 1;
  if (isLast && (eulerAtFinal || lowersOrder || finalSigmasType === 'zero')) return 1;
  // Between equal levels there is nothing to solve, and higher orders divide by the distance.
  if (sigmas[index] === sigmas[index + 1]) return 1;
  return index === steps - 2 && lowersOrder ? Math.min(solverOrder, 2) : solverOrder;
}

export function isStochastic({ algorithmType }: Pick<SamplerOptions, 'algorithmType'>): boolean {
  return algorithmType.startsWith('sde-');
}

/** Throws `model_invalid` for options that do not work with each other. */
export function checkDpmOptions({
  algorithmType,
  finalSigmasType,
  solverOrder,
}: Pick<SamplerOptions, 'algorithmType' | 'finalSigmasType' | 'solverOrder'>): void {
  if (![1, 2, 3].includes(solverOrder))
    invalid(`Expected solver_order of DPM-Solver to be 1, 2 or 3 but received ${solverOrder}.`);
  if (!algorithmType.endsWith('++') && finalSigmasType === 'zero') {
    invalid(
      `Expected final_sigmas_type "sigma_min" with algorithm_type "${algorithmType}", which cannot end at zero noise, but received "zero".`,
    );
  }
  if (algorithmType === 'sde-dpmsolver' && solverOrder === 3) {
    invalid('Expected solver_order 1 or 2 with algorithm_type "sde-dpmsolver" but received 3.');
  }
}

function invalid(detail: string): never {
  throw new ArmatureError('model_invalid', `${detail} See the model's scheduler_config.json.`);
}
