import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
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
  graph: GraphBuilder,
  timestep: Value,
  name: string,
  { channels, width, flipSinToCos, freqShift }: TimestepEmbeddingOptions,
): Value {
  const column = graph.op('Reshape', [timestep, graph.int64([-1, 1])]);
  const frequencies = sinusoidFrequencies(channels / 2, freqShift);
  const angles = graph.op('Mul', [column, graph.float(frequencies, [1, channels / 2])]);
  const sine = graph.op('Sin', [angles]);
  const cosine = graph.op('Cos', [angles]);
  const sinusoids = graph.op('Concat', flipSinToCos ? [cosine, sine] : [sine, cosine], { axis: { int: 1 } });
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
