import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

export interface ConvolutionOptions {
  /** 3 where not told; 1 or 3. */
  readonly kernel?: 1 | 3;
  readonly stride?: 1 | 2;
  /** Zeros around the picture: top, left, bottom, right. Half the kernel where not told. */
  readonly padding?: readonly [number, number, number, number];
}

/** A two-dimensional convolution with bias over [rows, inputs, h, w]. */
export function convolution(
  graph: GraphBuilder,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { kernel = 3, stride = 1, padding }: ConvolutionOptions = {},
): Value {
  const half = (kernel - 1) / 2;
  return graph.op(
    'Conv',
    [x, graph.weight(`${name}.weight`, [outputs, inputs, kernel, kernel]), graph.weight(`${name}.bias`, [outputs])],
    {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: padding ?? [half, half, half, half] },
    },
  );
}
