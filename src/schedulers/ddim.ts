import { linearCombination } from '../numeric/linear-combination.ts';
import { ArmatureError } from '../errors.ts';
import { checkSteps, type SamplerFamily } from './family.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { resolveOptions, type SamplerOptions } from './options.ts';
import { clampTo, mixNoise, predictedClean, predictedNoise, type NoiseLevel } from './prediction.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import { roundHalfEven, spacedTimesteps } from './timestep-spacing.ts';

export type DdimOptions = Pick<
  SamplerOptions,
  'timestepSpacing' | 'stepsOffset' | 'setAlphaToOne' | 'clipSample' | 'clipSampleRange' | 'eta'
>;

/**
 * Denoising diffusion implicit models (Song, Meng and Ermon 2020, equation 12): each step goes to the predicted clean
 * sample and back along the predicted noise, of which `eta` puts a share in fresh.
 */
export const ddim: SamplerFamily<DdimOptions> = {
  resolve: (given) =>
    resolveOptions(
      { timestepSpacing: 'leading', stepsOffset: 0, setAlphaToOne: true, clipSample: true, clipSampleRange: 1, eta: 0 },
      given,
    ),
  create: createDdim,
};

function createDdim(schedule: NoiseSchedule, steps: number, options: DdimOptions): Scheduler {
  const { trainTimesteps, predictionType } = schedule;
  checkSteps(steps, trainTimesteps, 'the timesteps that the model was trained on');
  checkEta(options.eta);
  const alphas = alphasCumprod(schedule, 'zero');
  const timesteps = spacedTimesteps(options, trainTimesteps, steps).map(roundHalfEven);
  const stride = Math.floor(trainTimesteps / steps);
  const finalAlpha = options.setAlphaToOne ? 1 : (alphas[0] ?? 1);
  const alphaAt = (timestep: number): number => (timestep >= 0 ? (alphas[timestep] ?? Number.NaN) : finalAlpha);
  const levelOf = (index: number): NoiseLevel => levelOfAlpha(alphaAt(timesteps[index] ?? Number.NaN));

  return {
    timesteps,
    initialNoiseSigma: 1,
    state: {},
    scaleModelInput: (sample) => sample,
    step(output, index, sample, noise) {
      const timestep = timesteps[index] ?? Number.NaN;
      const level = levelOf(index);
      const predicted = predictedClean(predictionType, level, output, sample);
      const clean = options.clipSample ? clampTo(options.clipSampleRange, predicted) : predicted;
      const direction = predictedNoise(predictionType, level, output, sample);
      const next = alphaAt(timestep - stride);
      const fresh = options.eta * posteriorDeviation(alphaAt(timestep), next);
      return linearCombination([
        [Math.sqrt(next), clean],
        [Math.sqrt(Math.max(1 - next - fresh * fresh, 0)), direction],
        ...(options.eta > 0 ? [[fresh, noise()] as const] : []),
      ]);
    },
    addNoise: (original, noise, index) => mixNoise(levelOf(index), original, noise),
  };
}

export function levelOfAlpha(alpha: number): NoiseLevel {
  return { alpha: Math.sqrt(alpha), sigma: Math.sqrt(1 - alpha) };
}

/** Standard deviation of the sample at the next timestep, given this one and the clean sample (equation 16 with eta 1). */
function posteriorDeviation(alpha: number, nextAlpha: number): number {
  return Math.sqrt(((1 - nextAlpha) / (1 - alpha)) * (1 - alpha / nextAlpha));
}

function checkEta(eta: number): void {
  if (eta >= 0 && eta <= 1) return;
  throw new ArmatureError('invalid_request', `Expected eta to be a number from 0 to 1 but received ${eta}.`, {
    field: 'eta',
  });
}
