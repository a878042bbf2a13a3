import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/**
 * Group normalisation of [rows, channels, h, w] with a scale and a shift per channel (Wu and He, 2018). On a CPU
 * onnxruntime takes ONNX's GroupNormalization apart into ten operators, some of which only copy; an instance
 * normalisation over the groups is one.
 */
export function groupNorm(
  graph: GraphBuilder,
  x: Value,
  name: string,
  channels: number,
  groups: number,
  epsilon: number,
): Value {
  const scale = graph.weight(`${name}.weight`, [channels]);
  const shift = graph.weight(`${name}.bias`, [channels]);
  const grouped = graph.op('Reshape', [x, graph.int64([0, groups, -1])]);
  const normalized = graph.op(
    'InstanceNormalization',
    [grouped, graph.float(new Float32Array(groups).fill(1), [groups]), graph.float(new Float32Array(groups), [groups])],
    { epsilon: { float: epsilon } },
  );
  const whole = graph.op('Reshape', [normalized, graph.op('Shape', [x])]);
  const perChannel = graph.int64([1, channels, 1, 1]);
  const scaled = graph.op('Mul', [whole, graph.op('Reshape', [scale, perChannel])]);
  return graph.op('Add', [scaled, graph.op('Reshape', [shift, perChannel])]);
}

/** Layer normalisation over the last axis (Ba et al., 2016). */
export function layerNorm(graph: GraphBuilder, x: Value, name: string, width: number, epsilon = 1e-5): Value {
  const scale = graph.weight(`${name}.weight`, [width]);
  const shift = graph.weight(`${name}.bias`, [width]);
  return graph.op('LayerNormalization', [x, scale, shift], { axis: { int: -1 }, epsilon: { float: epsilon } });
}
