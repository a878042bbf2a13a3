import { type Tiling, wrapsAlong } from '../../../numeric/wrap.ts';
import { expectRank, expectShape, float32, sizeOf } from '../expect.ts';
import type { OnnxOperator, Value } from '../node.ts';
import { quotient, type Size, sizeText } from '../size.ts';

export interface ConvolutionAttributes {
  readonly kernel: number;
  readonly stride: number;
  /** Around the picture: top, left, bottom, right. Zeros, but on axes that wrap. */
  readonly padding: readonly [number, number, number, number];
  /** Along which axes a picture goes on at its other edge; absent: along none. */
  readonly wrap?: Tiling;
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
  emit: (to, [x = '', ...weights], { kernel, stride, padding, wrap }) => {
    const { wrapped, zeros } = sides(padding, wrap);
    const picture = wrapped === null ? x : to.op('Pad', [x, to.int64(wrapped)], { mode: 'wrap' });
    return to.op('Conv', [picture, ...weights], {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: zeros },
    });
  },
};

/** Which of a padding repeats the other edge, in the order of ONNX's Pad, and which are zeros. A kernel of one pixel has neither. */
function sides(
  [top, left, bottom, right]: ConvolutionAttributes['padding'],
  wrap: Tiling | undefined,
): { readonly wrapped: readonly number[] | null; readonly zeros: ConvolutionAttributes['padding'] } {
  const [x, y] = [wrapsAlong(wrap, 'x'), wrapsAlong(wrap, 'y')];
  const around = [0, 0, y ? top : 0, x ? left : 0, 0, 0, y ? bottom : 0, x ? right : 0];
  return {
    wrapped: around.some((side) => side > 0) ? around : null,
    zeros: [y ? 0 : top, x ? 0 : left, y ? 0 : bottom, x ? 0 : right],
  };
}

/** floor((size + padding - kernel) / stride) + 1; of an expression only where that is a quotient of it. */
function convolved(size: Size, kernel: number, stride: number, padding: number): Size {
  const more = padding - kernel + stride;
  if (typeof size === 'number') return Math.floor((size + more) / stride);
  if (more === 0) return quotient(size, stride, 'down');
  if (more === stride - 1) return quotient(size, stride, 'up');
  throw new RangeError(`Expected a padding that keeps or divides the size ${sizeText(size)} but it is ${padding}`);
}
