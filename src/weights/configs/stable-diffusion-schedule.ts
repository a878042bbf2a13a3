import type { Prediction } from '../../schedulers/prediction-type.ts';
import type { RawConfig } from './raw-config.ts';

/** The noise schedule of every SD 1.x and 2.x, as scheduler_config.json would write it. */
export const stableDiffusionSchedule: RawConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  set_alpha_to_one: false,
  steps_offset: 1,
};

/** What was decided of the prediction, as scheduler_config.json would write it. */
export function predictionSettings({ type, zeroSnr }: Pick<Prediction, 'type' | 'zeroSnr'>): RawConfig {
  return { prediction_type: type, rescale_betas_zero_snr: zeroSnr };
}
