import type { PredictionType } from '../schedulers/prediction-type.ts';

/**
 * What the error of a row counts in the loss (Hang et al., 2023): min(snr, gamma) / snr where the noise is predicted, min(snr, gamma) / (snr + 1) for
 * v, min(snr, gamma) for the picture itself. `cumulative` is the share of the signal's power that is left at the row's timestep, 0 to 1; gamma null counts all alike.
 * Throws RangeError for a timestep without any signal where the noise is predicted: nothing can be learnt there.
 */
export function lossWeight(cumulative: number, prediction: PredictionType, gamma: number | null): number {
  if (gamma === null) return 1;
  const snr = cumulative / (1 - cumulative);
  if (prediction === 'v_prediction') return Math.min(snr, gamma) / (snr + 1);
  if (prediction === 'sample') return Math.min(snr, gamma);
  if (cumulative <= 0) {
    throw new RangeError(
      'Expected some signal at every timestep of a model that predicts noise: its schedule ends with none',
    );
  }
  return Math.min(snr, gamma) / snr;
}
