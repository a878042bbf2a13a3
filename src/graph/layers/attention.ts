import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { linear } from './linear.ts';

export interface AttentionOptions {
  readonly heads: number;
  /** Names of the projections below the layer's own name. */
  readonly names: { readonly query: string; readonly key: string; readonly value: string; readonly out: string };
  readonly projectionBias: boolean;
  /** Added to the scores before the softmax, [1, 1, length, length]. */
  readonly bias?: Value;
}

/** Sequences of vectors, [rows, length, width]. */
export interface Tokens {
  readonly value: Value;
  readonly width: number;
}

/**
 * Multi-head attention of `from` on `to` with its four projections. Returns a value of the shape of from.value.
 */
export function attention(
  graph: Graph,
  from: Tokens,
  to: Tokens,
  name: string,
  { heads, names, projectionBias, bias }: AttentionOptions,
): Value {
  const { width } = from;
  const project = (tokens: Tokens, projection: string): Value =>
    linear(graph, tokens.value, `${name}.${projection}`, tokens.width, width, { bias: projectionBias });
  const operands = [project(from, names.query), project(to, names.key), project(to, names.value)];
  const mixed = graph.op('Attention', bias === undefined ? operands : [...operands, bias], { heads });
  return linear(graph, mixed, `${name}.${names.out}`, width, width);
}
