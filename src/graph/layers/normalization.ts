import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/**
 * Group normalisation of [rows, channels, h, w] with a scale and a shift per channel (Wu and He, 2018).
 *
 * On a CPU onnxruntime takes ONNX's GroupNormalization apart into ten operators, some of which only copy. An instance
 * normalisation over the groups, then a batch normalisation that only scales and shifts, takes a sixth of the time
 * (docs/decisions/0003-split-controlnet-real-size.md).
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
  const constant = (value: number, count: number): Value => graph.float(new Float32Array(count).fill(value), [count]);
  const grouped = graph.op('Reshape', [x, graph.int64([0, groups, -1])]);
  const normalized = graph.op('InstanceNormalization', [grouped, constant(1, groups), constant(0, groups)], {
    epsilon: { float: epsilon },
  });
  const whole = graph.op('Reshape', [normalized, graph.op('Shape', [x])]);
  const neutral = [constant(0, channels), constant(1, channels)];
  return graph.op('BatchNormalization', [whole, scale, shift, ...neutral], { epsilon: { float: 0 } });
}

/** Layer normalisation over the last axis (Ba et al., 2016). */
export function layerNorm(graph: GraphBuilder, x: Value, name: string, width: number, epsilon = 1e-5): Value {
  const scale = graph.weight(`${name}.weight`, [width]);
  const shift = graph.weight(`${name}.bias`, [width]);
  return graph.op('LayerNormalization', [x, scale, shift], { axis: { int: -1 }, epsilon: { float: epsilon } });
}
