import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { withBranch } from './branch.ts';

export interface ConvolutionOptions {
  /** 3 where not told. */
  readonly kernel?: number;
  readonly stride?: number;
  /** Zeros around the picture: top, left, bottom, right. Half the kernel where not told. */
  readonly padding?: readonly [number, number, number, number];
  /** Whether it has a bias; it does where not told. */
  readonly bias?: boolean;
}

/** A two-dimensional convolution over [rows, inputs, h, w]. */
export function convolution(
  graph: Graph,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { kernel = 3, stride = 1, padding, bias = true }: ConvolutionOptions = {},
): Value {
  const weight = graph.weight(`${name}.weight`, [outputs, inputs, kernel, kernel]);
  const shift = bias ? [graph.weight(`${name}.bias`, [outputs])] : [];
  const half = (kernel - 1) / 2;
  const attributes = {
    kernel,
    stride,
    padding: padding ?? [half, half, half, half],
    ...(graph.tiling === null ? {} : { wrap: graph.tiling }),
  } as const;
  const made = graph.op('Convolution', [x, weight, ...shift], attributes);
  const [sum] = withBranch(graph, name, [made], [inputs, kernel, kernel], (down) =>
    graph.op('Convolution', [x, down], attributes),
  );
  return sum as Value;
}
