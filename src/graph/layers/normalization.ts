import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/** Group normalisation of [rows, channels, h, w] with a scale and a shift per channel (Wu and He, 2018). */
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
  return graph.op('GroupNormalization', [x, scale, shift], {
    epsilon: { float: epsilon },
    num_groups: { int: groups },
  });
}

/** Layer normalisation over the last axis (Ba et al., 2016). */
export function layerNorm(graph: GraphBuilder, x: Value, name: string, width: number, epsilon = 1e-5): Value {
  const scale = graph.weight(`${name}.weight`, [width]);
  const shift = graph.weight(`${name}.bias`, [width]);
  return graph.op('LayerNormalization', [x, scale, shift], { axis: { int: -1 }, epsilon: { float: epsilon } });
}
