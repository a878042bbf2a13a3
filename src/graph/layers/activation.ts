import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { linearParts } from './linear.ts';

/** x sigmoid(x). */
export function silu(graph: Graph, x: Value): Value {
  return graph.op('Silu', [x]);
}

/** max(x, 0). */
export function relu(graph: Graph, x: Value): Value {
  return graph.op('Relu', [x]);
}

/**
 * GEGLU (Shazeer, 2020): a linear layer whose first half of outputs is the value and whose second half, through gelu, is
 * the gate. [..., inputs] to [..., outputs]. Two layers, one for each half, spare a copy of both.
 */
export function geglu(graph: Graph, x: Value, name: string, inputs: number, outputs: number): Value {
  return graph.op('GEGLU', linearParts(graph, x, name, inputs, outputs, 2));
}
