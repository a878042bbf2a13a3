import type { Tensor } from '../../numeric/tensor.ts';

/** What the tokens of a chunk mean, [tokens, width], each times its weight. A new tensor. */
export function weigh({ dims, data }: Tensor, weights: ArrayLike<number>): Tensor {
  const [, width = 1] = dims;
  return { dims, data: data.map((value, index) => value * (weights[Math.floor(index / width)] ?? 1)) };
}

/**
 * Emphasis as in A1111: what the tokens of a chunk mean, [tokens, width], each times its weight, and all of it times what brings
 * back the mean over the chunk. The tensor itself where all weights are 1.
 */
export function emphasise(features: Tensor, weights: ArrayLike<number>): Tensor {
  if (Array.from(weights).every((weight) => weight === 1)) return features;
  const weighed = weigh(features, weights);
  const ratio = sum(features.data) / sum(weighed.data);
  // Weights under which nothing is left have no mean that could be brought back.
  if (!Number.isFinite(ratio)) return weighed;
  return { dims: weighed.dims, data: weighed.data.map((value) => value * ratio) };
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
