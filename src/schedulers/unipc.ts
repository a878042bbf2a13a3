import { ArmatureError } from '../errors.ts';
import { nextEvaluation, onceAStep } from './evaluations.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { lambdaLevels, multistepSchedule, type LambdaLevel } from './multistep-schedule.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import { mixNoise, predictedClean, predictedNoise } from './prediction.ts';
import type { NoiseSchedule, SigmaScheduler } from './scheduler.ts';
import { withFinalSigma } from './sigmas.ts';
import { unifiedCorrector, unifiedPredictor, type UniPcKind, type UniPcStep } from './unipc-weights.ts';

export type UniPcOptions = Pick<
  SamplerOptions,
  | 'timestepSpacing'
  | 'stepsOffset'
  | 'sigmaSpacing'
  | 'schedule'
  | 'publishedFor'
  | 'sigmaMin'
  | 'sigmaMax'
  | 'finalSigmasType'
  | 'solverOrder'
  | 'solverType'
  | 'lowerOrderFinal'
  | 'predictX0'
  | 'disableCorrector'
>;

/** What the corrector of the next step needs: predictions (newest first), the sample and the order of the step before. */
type UniPcMemory = {
  readonly predictions: readonly Float32Array[];
  readonly lastSample: Float32Array | null;
  readonly lastOrder: number;
};

/**
 * UniPC (Zhao et al. 2023, "A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models"), multistep, of
 * order 1 to 3, with B1 or B2. The corrector costs no evaluation of the network: it mends the sample that a step arrived
 * at with the prediction that the next step makes there anyway.
 */
export const uniPc: SamplerFamily<UniPcOptions, SigmaScheduler<UniPcMemory>> = {
  resolve(given) {
    const options = resolveOptions<keyof UniPcOptions>(
      {
        timestepSpacing: 'linspace',
        stepsOffset: 0,
        sigmaSpacing: 'schedule',
        ...scheduleDefaults,
        sigmaMin: null,
        sigmaMax: null,
        finalSigmasType: 'zero',
        solverOrder: 2,
        solverType: 'bh2',
        lowerOrderFinal: true,
        predictX0: true,
        disableCorrector: [],
      },
      given,
    );
    // A model file that was written for another solver names that one's kinds and spacing.
    return {
      ...options,
      solverType: options.solverType === 'bh1' ? 'bh1' : 'bh2',
      sigmaSpacing: options.sigmaSpacing === 'lu' ? 'schedule' : options.sigmaSpacing,
    };
  },
  evaluationsPerStep: 1,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps - 1),
  create: createUniPc,
};

function createUniPc(schedule: NoiseSchedule, steps: number, options: UniPcOptions): SigmaScheduler<UniPcMemory> {
  checkOptions(options);
  const { timesteps, ...table } = multistepSchedule(schedule, steps, {
    ...options,
    lambdaMinClipped: Number.NEGATIVE_INFINITY,
    roundTimesteps: true,
    dropsPenultimate: true,
  });
  const sigmas = withFinalSigma(table.sigmas, table.final ?? finalSigma(options, table.sigmas, table.trainedMin));
  const levels = lambdaLevels(sigmas);
  const kind: UniPcKind = { predictX0: options.predictX0, solverType: options.solverType === 'bh1' ? 'bh1' : 'bh2' };
  const predict = options.predictX0 ? predictedClean : predictedNoise;
  const levelOf = (index: number): LambdaLevel =>
    levels[index] ?? { alpha: Number.NaN, sigma: Number.NaN, lambda: Number.NaN };

  /** The step from level `index` on, with as many predictions as its order. */
  const stepFrom = (
    index: number,
    order: number,
    predictions: readonly Float32Array[],
    sample: Float32Array,
  ): UniPcStep => ({
    kind,
    levels: [levelOf(index + 1), levelOf(index), ...levels.slice(Math.max(index - order + 1, 0), index).toReversed()],
    predictions: predictions.slice(0, order),
    sample,
  });

  const evaluations = onceAStep(timesteps, (index) => sigmas[index] ?? Number.NaN);

  return {
    evaluations,
    sigmas,
    initialNoiseSigma: 1,
    start: (latents, from = 0) => ({
      evaluation: from,
      latents,
      memory: { predictions: [], lastSample: null, lastOrder: 0 },
    }),
    ask: (state) => ({ ...nextEvaluation(evaluations, state), latents: state.latents }),
    answer({ evaluation: index, latents, memory: before }, output) {
      const prediction = predict(schedule.predictionType, levelOf(index), output, latents);
      const corrects = before.lastSample !== null && !options.disableCorrector.includes(index - 1);
      const corrected =
        corrects && before.lastSample !== null
          ? unifiedCorrector(stepFrom(index - 1, before.lastOrder, before.predictions, before.lastSample), prediction)
          : latents.slice();
      const predictions = [prediction, ...before.predictions].slice(0, options.solverOrder);
      const order = Math.min(predictions.length, orderAt(options, index, timesteps.length, sigmas));
      return {
        evaluation: index + 1,
        latents: unifiedPredictor(stepFrom(index, order, predictions, corrected)),
        memory: { predictions, lastSample: corrected, lastOrder: order },
      };
    },
    clean: ({ evaluation, latents }, output) =>
      predictedClean(schedule.predictionType, levelOf(evaluation), output, latents),
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
}

function finalSigma(
  { finalSigmasType, sigmaSpacing }: UniPcOptions,
  sigmas: readonly number[],
  trainedMin: number,
): number {
  if (finalSigmasType === 'zero') return 0;
  return sigmaSpacing === 'schedule' ? trainedMin : (sigmas.at(-1) ?? trainedMin);
}

function orderAt(
  { solverOrder, lowerOrderFinal }: UniPcOptions,
  index: number,
  steps: number,
  sigmas: Float32Array,
): number {
  // Between equal levels there is nothing to solve, and higher orders divide by the distance.
  if (sigmas[index] === sigmas[index + 1]) return 1;
  return lowerOrderFinal ? Math.min(solverOrder, steps - index) : solverOrder;
}

function checkOptions({ solverOrder, finalSigmasType, predictX0, lowerOrderFinal }: UniPcOptions): void {
  if (![1, 2, 3].includes(solverOrder))
    invalid(`Expected solver_order of UniPC to be 1, 2 or 3 but received ${solverOrder}.`);
  if (finalSigmasType === 'zero' && !(predictX0 && lowerOrderFinal)) {
    invalid(
      'Expected final_sigmas_type "sigma_min" where UniPC has predict_x0 or lower_order_final switched off but received "zero".',
    );
  }
}

function invalid(detail: string): never {
  throw new ArmatureError('model_invalid', `${detail} See the model's scheduler_config.json.`);
}
