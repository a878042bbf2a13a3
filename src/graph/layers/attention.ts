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
  readonly beside?: BesideText | undefined;
}

/** Adds to what an attention mixed, before its last projection, what else its queries [rows, length, width] look at. */
export type BesideText = (layer: string, query: Value, heads: number, mixed: Value) => Value;

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
  { heads, names, projectionBias, bias, beside }: AttentionOptions,
): Value {
  const { width } = from;
  const project = (tokens: Tokens, projection: string): Value =>
    linear(graph, tokens.value, `${name}.${projection}`, tokens.width, width, { bias: projectionBias });
  const query = project(from, names.query);
  const operands = [query, project(to, names.key), project(to, names.value)];
  const mixed = graph.op('Attention', bias === undefined ? operands : [...operands, bias], { heads });
  const all = beside?.(name, query, heads, mixed) ?? mixed;
  return linear(graph, all, `${name}.${names.out}`, width, width);
}
