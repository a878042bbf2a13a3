import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';

export interface ConvolutionOptions {
  /** 3 where not told; 1 or 3. */
  readonly kernel?: 1 | 3;
  readonly stride?: 1 | 2;
  /** Zeros around the picture: top, left, bottom, right. Half the kernel where not told. */
  readonly padding?: readonly [number, number, number, number];
}

/** A two-dimensional convolution with bias over [rows, inputs, h, w]. */
export function convolution(
  graph: Graph,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { kernel = 3, stride = 1, padding }: ConvolutionOptions = {},
): Value {
  const weight = graph.weight(`${name}.weight`, [outputs, inputs, kernel, kernel]);
  const bias = graph.weight(`${name}.bias`, [outputs]);
  const half = (kernel - 1) / 2;
  return graph.op('Convolution', [x, weight, bias], {
    kernel,
    stride,
    padding: padding ?? [half, half, half, half],
  });
}
