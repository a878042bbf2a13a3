import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import { convolution } from './convolution.ts';

const nearest = {
  mode: 'nearest',
  coordinate_transformation_mode: 'asymmetric',
  nearest_mode: 'floor',
} as const;

/** Half the size by a convolution of stride 2. An autoencoder pads on the right and at the bottom only. */
export function downsample(
  graph: GraphBuilder,
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
export function upsampleTwice(graph: GraphBuilder, x: Value, name: string, channels: number): Value {
  const large = graph.op('Resize', [x, '', graph.float([1, 1, 2, 2], [4])], nearest);
  return convolution(graph, large, `${name}.conv`, channels, channels);
}

/** The size of `like` by nearest neighbour, then a convolution: twice the size wherever that was halved without a rest. */
export function upsampleTo(graph: GraphBuilder, x: Value, like: Value, name: string, channels: number): Value {
  const size = graph.op('Shape', [like], { start: { int: 2 }, end: { int: 4 } });
  const large = graph.op('Resize', [x, '', '', size], { ...nearest, axes: { ints: [2, 3] } });
  return convolution(graph, large, `${name}.conv`, channels, channels);
}
