import { ArmatureError } from '../errors.ts';
import type { SamplerOptions } from './options.ts';
import type { BetaSchedule, NoiseSchedule } from './scheduler.ts';
import type { PredictionType } from './prediction-type.ts';

/** A scheduler_config.json as it was read. */
export type SchedulerConfig = Readonly<Record<string, unknown>>;

/** What a file says, checked, under the names of this code; absent or null fields are left out. */
export type ConfigFields = Partial<NoiseSchedule> & { readonly sampler: Partial<SamplerOptions> };

interface Check {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const boolean: Check = { expected: 'true or false', holds: (value) => typeof value === 'boolean' };
const number: Check = { expected: 'a number', holds: (value) => typeof value === 'number' };
const positive: Check = {
  expected: 'a positive number',
  holds: (value) => Number.isFinite(value) && Number(value) > 0,
};
const wholeNumber: Check = {
  expected: 'an integer of at least 0',
  holds: (value) => Number.isInteger(value) && Number(value) >= 0,
};
const count: Check = {
  expected: 'an integer from 2 to 100000',
  holds: (value) => Number.isInteger(value) && Number(value) >= 2 && Number(value) <= 100_000,
};
/** Variance that one training timestep adds: the signal has to stay, and the noise to grow. */
const beta: Check = {
  expected: 'a number between 0 and 1',
  holds: (value) => typeof value === 'number' && value > 0 && value < 1,
};
const betas: Check = {
  expected: 'a list of numbers between 0 and 1',
  holds: (value) => Array.isArray(value) && value.every((entry) => beta.holds(entry)),
};
const numbers: Check = {
  expected: 'a list of numbers',
  holds: (value) => Array.isArray(value) && value.every((entry) => Number.isFinite(entry)),
};

function oneOf<Choice extends string>(...choices: readonly Choice[]): Check {
  return {
    expected: `one of ${choices.map((choice) => `"${choice}"`).join(', ')}`,
    holds: (value) => choices.some((choice) => choice === value),
  };
}

/** Names in the file, names here, and what values are known. */
const scheduleFields: Readonly<Record<string, readonly [keyof NoiseSchedule, Check]>> = {
  num_train_timesteps: ['trainTimesteps', count],
  beta_start: ['betaStart', beta],
  beta_end: ['betaEnd', beta],
  beta_schedule: ['betaSchedule', oneOf<BetaSchedule>('linear', 'scaled_linear', 'squaredcos_cap_v2')],
  trained_betas: ['trainedBetas', betas],
  prediction_type: ['predictionType', oneOf<PredictionType>('epsilon', 'v_prediction', 'sample')],
  rescale_betas_zero_snr: ['rescaleBetasZeroSnr', boolean],
};

const samplerFields: Readonly<Record<string, readonly [keyof SamplerOptions, Check]>> = {
  timestep_spacing: ['timestepSpacing', oneOf('linspace', 'leading', 'trailing')],
  steps_offset: ['stepsOffset', wholeNumber],
  set_alpha_to_one: ['setAlphaToOne', boolean],
  clip_sample: ['clipSample', boolean],
  clip_sample_range: ['clipSampleRange', positive],
  final_sigmas_type: ['finalSigmasType', oneOf('zero', 'sigma_min')],
  sigma_min: ['sigmaMin', positive],
  sigma_max: ['sigmaMax', positive],
  algorithm_type: ['algorithmType', oneOf('dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++', 'deis')],
  solver_order: ['solverOrder', wholeNumber],
  solver_type: ['solverType', oneOf('midpoint', 'heun', 'bh1', 'bh2', 'logrho')],
  lower_order_final: ['lowerOrderFinal', boolean],
  euler_at_final: ['eulerAtFinal', boolean],
  lambda_min_clipped: ['lambdaMinClipped', number],
  predict_x0: ['predictX0', boolean],
  disable_corrector: ['disableCorrector', numbers],
  skip_prk_steps: ['skipPrkSteps', boolean],
  variance_type: ['varianceType', oneOf('fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log')],
  original_inference_steps: ['originalInferenceSteps', count],
  timestep_scaling: ['timestepScaling', positive],
};

export function readFields(config: SchedulerConfig): ConfigFields {
  const { algorithmType, varianceType, ...sampler } = pick(config, samplerFields);
  // DEIS is solved here by the algorithm that diffusers, too, takes for it outside its own class.
  const algorithm = algorithmType === 'deis' ? 'dpmsolver++' : algorithmType;
  return {
    ...pick(config, scheduleFields),
    sampler: {
      ...sampler,
      ...(algorithm === undefined ? {} : { algorithmType: algorithm }),
      // The logarithms are another way to compute the same.
      ...(typeof varianceType === 'string' ? { varianceType: varianceType.replace('_log', '') } : {}),
    },
  } as ConfigFields;
}

function pick(
  config: SchedulerConfig,
  fields: Readonly<Record<string, readonly [string, Check]>>,
): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const [name, [field, check]] of Object.entries(fields)) {
    const value = config[name];
    if (value === undefined || value === null) continue;
    if (!check.holds(value)) refuse(name, check.expected, value);
    picked[field] = value;
  }
  return picked;
}

function refuse(name: string, expected: string, value: unknown): never {
  throw new ArmatureError(
    'model_invalid',
    `Expected ${name} in the model's scheduler_config.json to be ${expected} but received ${JSON.stringify(value).slice(0, 80)}.`,
    { field: name },
  );
}
