import type { PredictionType } from '../schedulers/prediction-type.ts';

/** What a network is shown of a picture, and what it is to say of it. */
export interface Noised {
  readonly sample: Float32Array;
  readonly target: Float32Array;
}

/**
 * Latents with noise (Ho et al., 2020), and the noise, v (Salimans and Ho, 2022) or the latents themselves as what is to be predicted. `cumulative` is the share
 * of the signal's power at the timestep.
 */
export function noised(
  latents: Float32Array,
  noise: Float32Array,
  cumulative: number,
  prediction: PredictionType,
): Noised {
  const [signal, spread] = [Math.sqrt(cumulative), Math.sqrt(1 - cumulative)];
  const mixed = (a: number, b: number): Float32Array =>
    latents.map((value, index) => a * value + b * (noise[index] as number));
  const targets = { epsilon: () => noise, v_prediction: () => mixed(-spread, signal), sample: () => latents };
  return { sample: mixed(signal, spread), target: targets[prediction]() };
}
