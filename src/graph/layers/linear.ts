import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';

/** x W^T + b for x [..., inputs] and a weight stored as [outputs, inputs]. */
export function linear(
  graph: Graph,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { bias = true }: { readonly bias?: boolean } = {},
): Value {
  const weight = graph.weight(`${name}.weight`, [outputs, inputs]);
  return graph.op('Linear', bias ? [x, weight, graph.weight(`${name}.bias`, [outputs])] : [x, weight]);
}

/** `count` linear layers of `outputs` each whose weights are stored as one. */
export function linearParts(
  graph: Graph,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  count: number,
): readonly Value[] {
  const weights = graph.weightParts(`${name}.weight`, [count * outputs, inputs], count);
  const biases = graph.weightParts(`${name}.bias`, [count * outputs], count);
  return weights.map((weight, index) => graph.op('Linear', [x, weight, biases[index] as Value]));
}
