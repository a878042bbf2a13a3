import type { Family } from '../../graph/family.ts';

/** What of a training is written into the header of a LoRA: its settings, base names and no folders. */
export interface TrainedLoraFacts {
  /** What users call it. */
  readonly name: string;
  readonly title: string;
  readonly family: Family;
  /** Base model, as users call it. */
  readonly base: string;
  readonly prediction: 'epsilon' | 'v_prediction' | 'sample';
  readonly rank: number;
  readonly alpha: number;
  readonly resolution: string;
  readonly steps: number;
  readonly pictures: number;
  readonly batch: number;
  readonly accumulation: number;
  readonly learningRate: number;
  readonly schedule: string;
  readonly seed: number;
  readonly minSnrGamma: number | null;
  readonly promptDropout: number;
  readonly trigger: string | null;
  readonly licence: string | null;
  /** When it was done, as ISO 8601. */
  readonly date: string;
}

/** By the family: what A1111 tells models apart by, and the name of the architecture in modelspec. */
const families: Readonly<Record<Family['name'], readonly [base: string, architecture: string]>> = {
  sd1: ['sd_v1', 'stable-diffusion-v1'],
  sd2: ['sd_v2', 'stable-diffusion-v2-512'],
  sdxl: ['sdxl_base_v1-0', 'stable-diffusion-xl-v1-base'],
  other: ['sd_v1', 'stable-diffusion-v1'],
};

/** The texts of a LoRA's header by the names of kohya's trainer and of modelspec; what is not known says None there. */
export function loraTextsOf(facts: TrainedLoraFacts): Readonly<Record<string, string>> {
  const { family, prediction, trigger, licence, minSnrGamma } = facts;
  const [base, architecture] = families[family.name];
  const isV = prediction === 'v_prediction';
  const ofFamily = family.name === 'sd2' && isV ? 'stable-diffusion-v2-768-v' : architecture;
  return {
    ss_v2: family.name === 'sd2' ? 'True' : 'False',
    ss_base_model_version: base,
    ss_network_module: 'networks.lora',
    ss_network_dim: String(facts.rank),
    ss_network_alpha: String(facts.alpha),
    ss_network_args: 'None',
    ss_output_name: facts.name,
    ss_sd_model_name: facts.base,
    ss_learning_rate: String(facts.learningRate),
    ss_lr_scheduler: facts.schedule,
    ss_steps: String(facts.steps),
    ss_max_train_steps: String(facts.steps),
    ss_num_train_images: String(facts.pictures),
    ss_total_batch_size: String(facts.batch * facts.accumulation),
    ss_gradient_accumulation_steps: String(facts.accumulation),
    ss_resolution: facts.resolution,
    ss_optimizer: 'AdamW',
    ss_mixed_precision: 'no',
    ss_min_snr_gamma: minSnrGamma === null ? 'None' : String(minSnrGamma),
    ss_caption_dropout_rate: String(facts.promptDropout),
    ss_seed: String(facts.seed),
    'modelspec.sai_model_spec': '1.0.1',
    'modelspec.architecture': `${ofFamily}/lora`,
    'modelspec.implementation': 'diffusers',
    'modelspec.title': facts.title,
    'modelspec.date': facts.date,
    'modelspec.resolution': facts.resolution,
    ...(prediction === 'sample' ? {} : { 'modelspec.prediction_type': isV ? 'v' : 'epsilon' }),
    ...(trigger === null ? {} : { 'modelspec.trigger_phrase': trigger }),
    ...(licence === null ? {} : { 'modelspec.license': licence }),
  };
}
