import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { convolution } from './convolution.ts';

/** Half the size by a convolution of stride 2. An autoencoder pads on the right and at the bottom only. */
export function downsample(
  graph: Graph,
  x: Value,
  name: string,
  channels: number,
  padding: 'around' | 'right and bottom',
): Value {
  return convolution(graph, x, `${name}.conv`, channels, channels, {
    stride: 2,
    padding: padding === 'around' ? [1, 1, 1, 1] : [0, 0, 1, 1],
  });
}

/** Twice the size by repetition, then a convolution. */
export function upsampleTwice(graph: Graph, x: Value, name: string, channels: number): Value {
  return convolution(graph, graph.op('DoubleSize', [x]), `${name}.conv`, channels, channels);
}

/** The size of `like` by nearest neighbour, then a convolution: twice the size wherever that was halved without a rest. */
export function upsampleTo(graph: Graph, x: Value, like: Value, name: string, channels: number): Value {
  return convolution(graph, graph.op('ResizeTo', [x, like]), `${name}.conv`, channels, channels);
}
