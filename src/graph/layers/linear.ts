import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/** x W^T + b for x [n, inputs] and a weight stored as [outputs, inputs]. */
export function linear(
  graph: GraphBuilder,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { bias = true }: { readonly bias?: boolean } = {},
): Value {
  const weight = graph.weight(`${name}.weight`, [outputs, inputs]);
  const operands = bias ? [x, weight, graph.weight(`${name}.bias`, [outputs])] : [x, weight];
  return graph.op('Gemm', operands, { transB: { int: 1 } });
}

/** `x` of any shape as a matrix whose rows are its last axis: [..., width] to [n, width]. */
export function asMatrix(graph: GraphBuilder, x: Value, width: number): Value {
  return graph.op('Reshape', [x, graph.int64([-1, width])]);
}
