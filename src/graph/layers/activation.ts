import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/** x sigmoid(x); onnxruntime's QuickGelu is x sigmoid(alpha x) in one pass. */
export function silu(graph: GraphBuilder, x: Value): Value {
  return graph.contrib('QuickGelu', [x], { alpha: { float: 1 } });
}

/** x sigmoid(1.702 x), the approximation that CLIP was trained with. */
export function quickGelu(graph: GraphBuilder, x: Value): Value {
  return graph.contrib('QuickGelu', [x], { alpha: { float: 1.702 } });
}

/** x Phi(x), by the error function (Hendrycks and Gimpel, 2016). */
export function gelu(graph: GraphBuilder, x: Value): Value {
  return graph.op('Gelu', [x]);
}

/**
 * GEGLU (Shazeer, 2020): a linear layer whose first half of outputs is the value and whose second half, through gelu, is
 * the gate. [n, inputs] to [n, outputs]. Two matrix products, one for each half, spare a copy of both.
 */
export function geglu(graph: GraphBuilder, x: Value, name: string, inputs: number, outputs: number): Value {
  const weights = graph.weightParts(`${name}.weight`, [2 * outputs, inputs], 2);
  const biases = graph.weightParts(`${name}.bias`, [2 * outputs], 2);
  const half = (index: 0 | 1) =>
    graph.op('Gemm', [x, weights[index] as Value, biases[index] as Value], { transB: { int: 1 } });
  return graph.op('Mul', [half(0), gelu(graph, half(1))]);
}
