import { ArmatureError } from '../errors.ts';
import { readFields, type ConfigFields, type SchedulerConfig } from './config-fields.ts';
import type { SamplerOptions, SigmaSpacing } from './options.ts';
import type { NoiseSchedule } from './scheduler.ts';
import type { PublishedFor } from './schedules/schedule.ts';

/** What a model's scheduler_config.json says: how it was trained, and options for whatever sampler is chosen. */
export interface ModelSchedule {
  readonly schedule: NoiseSchedule;
  /** Only what the file says; a sampler has diffusers' defaults for the rest. */
  readonly samplerDefaults: Partial<SamplerOptions>;
}

/** Classes whose betas default to those of Stable Diffusion; those of all others default to DDPM's. */
const classesWithLatentBetas: readonly unknown[] = ['LCMScheduler', 'TCDScheduler'];

/**
 * The noise schedule of a model and the sampler options that its file gives, as diffusers' `from_config` would carry them
 * over to any sampler. There is one difference: a file that does not speak of clip_sample does not clip (diffusers' DDIM
 * class would, and its pipelines then switch it off). Throws `model_invalid` for values that are not known and for models
 * whose schedule cannot be sampled here, such as flow matching. `publishedFor` says which published levels are the model's.
 */
export function noiseScheduleFrom(config: SchedulerConfig, publishedFor: PublishedFor = 'sd15'): ModelSchedule {
  refuseUnsupported(config);
  const fields = readFields(config);
  return {
    schedule: readSchedule(config, fields),
    samplerDefaults: { ...readSamplerDefaults(config, fields), ...(publishedFor === 'sd15' ? {} : { publishedFor }) },
  };
}

function readSchedule(config: SchedulerConfig, fields: ConfigFields): NoiseSchedule {
  const latent = classesWithLatentBetas.includes(config['_class_name']);
  const schedule: NoiseSchedule = {
    trainTimesteps: fields.trainTimesteps ?? 1000,
    betaStart: fields.betaStart ?? (latent ? 0.00085 : 0.0001),
    betaEnd: fields.betaEnd ?? (latent ? 0.012 : 0.02),
    betaSchedule: fields.betaSchedule ?? (latent ? 'scaled_linear' : 'linear'),
    trainedBetas: fields.trainedBetas ?? null,
    predictionType: fields.predictionType ?? 'epsilon',
    rescaleBetasZeroSnr: fields.rescaleBetasZeroSnr ?? false,
  };
  if (schedule.trainedBetas !== null && schedule.trainedBetas.length !== schedule.trainTimesteps) {
    invalid(`Expected ${schedule.trainTimesteps} trained_betas but there are ${schedule.trainedBetas.length}.`);
  }
  if (schedule.rescaleBetasZeroSnr && schedule.predictionType === 'epsilon') {
    invalid(
      'Expected prediction_type "v_prediction" with rescale_betas_zero_snr but it is "epsilon": pure noise says nothing of the sample.',
    );
  }
  return schedule;
}

function readSamplerDefaults(config: SchedulerConfig, fields: ConfigFields): Partial<SamplerOptions> {
  const sigmaSpacing = readSigmaSpacing(config);
  return { clipSample: false, ...fields.sampler, ...(sigmaSpacing === null ? {} : { sigmaSpacing }) };
}

const spacingSwitches = {
  use_karras_sigmas: 'karras',
  use_exponential_sigmas: 'exponential',
  use_beta_sigmas: 'beta',
  use_lu_lambdas: 'lu',
} as const satisfies Record<string, SigmaSpacing>;

function readSigmaSpacing(config: SchedulerConfig): SigmaSpacing | null {
  const named = Object.entries(spacingSwitches).filter(([name]) => name in config);
  const on = named.filter(([name]) => config[name] === true);
  if (on.length > 1) invalid(`Expected at most one of ${on.map(([name]) => name).join(', ')} to be true.`);
  return on[0]?.[1] ?? (named.length > 0 ? 'schedule' : null);
}

/** What diffusers knows and Armature does not do, with the values that mean that it is not asked for. */
const unsupported: Readonly<Record<string, readonly unknown[]>> = {
  thresholding: [false, null],
  use_flow_sigmas: [false, null],
  use_dynamic_shifting: [false, null],
  interpolation_type: ['linear', null],
  timestep_type: ['discrete', null],
  solver_p: [null],
  shift_terminal: [null],
};

/** Classes of diffusers whose noise is no table of betas. */
const otherNoise = /^(?:EDM|KarrasVe|ScoreSde|CosineDPM|VQDiffusion|CMStochastic|Amused|ConsistencyDecoder)/;

function refuseUnsupported(config: SchedulerConfig): void {
  const className = config['_class_name'];
  if (typeof className === 'string' && className.startsWith('FlowMatch')) {
    invalid(`Models trained by flow matching (${className.slice(0, 80)}) are not supported.`);
  }
  if (typeof className === 'string' && otherNoise.test(className)) {
    invalid(`Expected a scheduler over discrete timesteps but the model was trained for ${className.slice(0, 80)}.`);
  }
  for (const [name, neutral] of Object.entries(unsupported)) {
    if (name in config && !neutral.includes(config[name])) {
      invalid(
        `Expected ${name} to be ${neutral.map((value) => JSON.stringify(value)).join(' or ')} but received ${JSON.stringify(config[name]).slice(0, 80)}, which is not supported.`,
      );
    }
  }
}

function invalid(detail: string): never {
  throw new ArmatureError('model_invalid', `${detail} See the model's scheduler_config.json.`);
}
