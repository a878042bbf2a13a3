import type { Graph } from '../ir/graph.ts';
import type { Value } from '../ir/node.ts';
import { silu } from './activation.ts';
import { linear } from './linear.ts';

export interface TimestepEmbeddingOptions {
  /** Width of the sinusoidal embedding. */
  readonly channels: number;
  /** Width of the result. */
  readonly width: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/** Sinusoids of one timestep a row (Ho et al., 2020), through two linear layers: [rows] to [rows, width]. */
export function timestepEmbedding(
  graph: Graph,
  timestep: Value,
  name: string,
  { channels, width, flipSinToCos, freqShift }: TimestepEmbeddingOptions,
): Value {
  const sinusoids = graph.op('Sinusoids', [timestep], {
    frequencies: sinusoidFrequencies(channels / 2, freqShift),
    first: flipSinToCos ? 'cosine' : 'sine',
  });
  const hidden = silu(graph, linear(graph, sinusoids, `${name}.linear_1`, channels, width));
  return linear(graph, hidden, `${name}.linear_2`, width, width);
}

/**
 * 10000^(-i / (count - shift)), rounded to float32 after each operation as torch does: at timestep 999 an error of one
 * unit in the last place moves the angle by 6e-5.
 */
function sinusoidFrequencies(count: number, shift: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => {
    const exponent = Math.fround(Math.fround(-Math.log(10000)) * index);
    return Math.exp(Math.fround(exponent / (count - shift)));
  });
}
