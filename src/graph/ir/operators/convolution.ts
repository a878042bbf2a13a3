import { expectRank, expectShape, float32, sizeOf } from '../expect.ts';
import type { OnnxOperator, Value } from '../node.ts';
import { quotient, type Size, sizeText } from '../size.ts';

export interface ConvolutionAttributes {
  readonly kernel: number;
  readonly stride: number;
  /** Zeros around the picture: top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
}

/** A two-dimensional convolution of [rows, inputs, h, w] with a weight [outputs, inputs, k, k] and, where there is one, a bias [outputs]. */
export const convolution: OnnxOperator<ConvolutionAttributes> = {
  infer: ([x, weight, bias], { kernel, stride, padding: [top, left, bottom, right] }) => {
    expectRank('a picture', x, 4);
    expectRank('a kernel', weight, 4);
    const [picture, kernels] = [x as Value, weight as Value];
    const outputs = sizeOf(kernels, 0);
    expectShape('a kernel', kernels, [outputs, sizeOf(picture, 1), kernel, kernel]);
    if (bias !== undefined) expectShape('a bias', bias, [outputs]);
    const height = convolved(sizeOf(picture, 2), kernel, stride, top + bottom);
    const width = convolved(sizeOf(picture, 3), kernel, stride, left + right);
    return [float32([sizeOf(picture, 0), outputs, height, width])];
  },
  emit: (to, inputs, { kernel, stride, padding }) =>
    to.op('Conv', inputs, {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: padding },
    }),
};

/** floor((size + padding - kernel) / stride) + 1; of an expression only where that is a quotient of it. */
function convolved(size: Size, kernel: number, stride: number, padding: number): Size {
  const more = padding - kernel + stride;
  if (typeof size === 'number') return Math.floor((size + more) / stride);
  if (more === 0) return quotient(size, stride, 'down');
  if (more === stride - 1) return quotient(size, stride, 'up');
  throw new RangeError(`Expected a padding that keeps or divides the size ${sizeText(size)} but it is ${padding}`);
}
