import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { withBranch } from './branch.ts';

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
  const made = graph.op('Linear', bias ? [x, weight, graph.weight(`${name}.bias`, [outputs])] : [x, weight]);
  const [sum] = withBranch(graph, name, [made], [inputs], (down) => graph.op('Linear', [x, down]));
  return sum as Value;
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
  const made = weights.map((weight, index) => graph.op('Linear', [x, weight, biases[index] as Value]));
  return withBranch(graph, name, made, [inputs], (down) => graph.op('Linear', [x, down]));
}
