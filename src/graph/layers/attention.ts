import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import { asMatrix, linear } from './linear.ts';

/** A sequence of vectors as a matrix, with the shape that it has as a batch of sequences. */
export interface Tokens {
  /** [rows * length, width] */
  readonly matrix: Value;
  /** The int64 pair [rows, length], computed by the graph. */
  readonly rowsAndLength: Value;
  readonly width: number;
}

export interface AttentionOptions {
  readonly heads: number;
  /** Names of the projections below the layer's own name. */
  readonly names: { readonly query: string; readonly key: string; readonly value: string; readonly out: string };
  readonly projectionBias: boolean;
  /** Added to the scores before the softmax, [1, 1, length, length]. */
  readonly bias?: Value;
}

/** Tokens of a value [rows, length, width]. */
export function tokensOf(graph: GraphBuilder, x: Value, width: number): Tokens {
  const rowsAndLength = graph.op('Shape', [x], { start: { int: 0 }, end: { int: 2 } });
  return { matrix: asMatrix(graph, x, width), rowsAndLength, width };
}

/** The value [rows, length, width] of tokens whose matrix is `matrix`. */
export function asSequences(graph: GraphBuilder, matrix: Value, tokens: Tokens, width: number): Value {
  const shape = graph.op('Concat', [tokens.rowsAndLength, graph.int64([width])], { axis: { int: 0 } });
  return graph.op('Reshape', [matrix, shape]);
}

/**
 * Multi-head scaled dot-product attention (Vaswani et al., 2017) of `from` on `to`, with its four projections. Returns a
 * matrix of the shape of from.matrix.
 */
export function attention(
  graph: GraphBuilder,
  from: Tokens,
  to: Tokens,
  name: string,
  { heads, names, projectionBias, bias }: AttentionOptions,
): Value {
  const { width } = from;
  const project = (tokens: Tokens, projection: string) =>
    asSequences(
      graph,
      linear(graph, tokens.matrix, `${name}.${projection}`, tokens.width, width, { bias: projectionBias }),
      tokens,
      width,
    );
  const operands = [project(from, names.query), project(to, names.key), project(to, names.value)];
  if (bias !== undefined) operands.push('', '', bias);
  const mixed = graph.contrib('MultiHeadAttention', operands, { num_heads: { int: heads } });
  return linear(graph, asMatrix(graph, mixed, width), `${name}.${names.out}`, width, width);
}
