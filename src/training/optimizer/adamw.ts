/** How AdamW is set (Loshchilov and Hutter, 2019). */
export interface AdamWSettings {
  /** Of the mean of gradients and of the mean of their squares: how much of the last one is kept, 0 to below 1. */
  readonly betas: readonly [number, number];
  /** Added to the root of the second mean. */
  readonly epsilon: number;
  /** What a weight loses at each step, times the learning rate. */
  readonly decay: number;
}

export const usualAdamW: AdamWSettings = { betas: [0.9, 0.999], epsilon: 1e-8, decay: 1e-2 };

/** The two means of one array of weights, zeros at first. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export function noMoments(length: number): Moments {
  return { first: new Float32Array(length), second: new Float32Array(length) };
}

export interface AdamWStep {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** What gradients are multiplied by first: below 1 where they are clipped. */
  readonly scale: number;
}

/** One step of AdamW: changes `weights` and `moments`, all of one length. */
export function adamW(
  weights: Float32Array,
  gradients: Float32Array,
  { first, second }: Moments,
  { step, learningRate, scale }: AdamWStep,
  { betas: [one, two], epsilon, decay }: AdamWSettings = usualAdamW,
): void {
  const kept = 1 - learningRate * decay;
  const rate = learningRate / (1 - one ** step);
  const root = 1 / Math.sqrt(1 - two ** step);
  for (let index = 0; index < weights.length; index++) {
    const gradient = (gradients[index] as number) * scale;
    const mean = one * (first[index] as number) + (1 - one) * gradient;
    const square = two * (second[index] as number) + (1 - two) * gradient * gradient;
    first[index] = mean;
    second[index] = square;
    weights[index] = kept * (weights[index] as number) - (rate * mean) / (Math.sqrt(square) * root + epsilon);
  }
}
