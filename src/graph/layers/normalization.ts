import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';

/** Group normalisation of [rows, channels, h, w] with a scale and a shift per channel. */
export function groupNorm(
  graph: Graph,
  x: Value,
  name: string,
  channels: number,
  groups: number,
  epsilon: number,
): Value {
  return graph.op('GroupNorm', [x, ...scaleAndShift(graph, name, channels)], { groups, epsilon });
}

/** Layer normalisation over the last axis. */
export function layerNorm(graph: Graph, x: Value, name: string, width: number, epsilon = 1e-5): Value {
  return graph.op('LayerNorm', [x, ...scaleAndShift(graph, name, width)], { epsilon });
}

function scaleAndShift(graph: Graph, name: string, width: number): readonly Value[] {
  return [graph.weight(`${name}.weight`, [width]), graph.weight(`${name}.bias`, [width])];
}
