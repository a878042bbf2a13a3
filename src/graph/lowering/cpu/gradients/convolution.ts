import type { EmittedName, Emitter } from '../../../ir/emitter.ts';
import type { Emit, Value } from '../../../ir/node.ts';
import type { ConvolutionInputAttributes } from '../../../ir/operators/convolution-gradients.ts';
import type { ConvolutionAttributes } from '../../../ir/operators/convolution.ts';
import { sizes } from '../../../ir/operators/shapes.ts';

/** Up to so many pairs of channels turning a weight at every run pays: beyond, a transposed convolution is quicker. */
const turnedChannels = 4096;

/**
 * A convolution with turned weights, which onnxruntime turns once where they are part of the network; a transposed convolution, which costs
 * one and a half to twice the time, for a stride and for large weights that are inputs.
 */
export const convolutionInput: Emit<ConvolutionInputAttributes> = (
  to,
  [gradient = '', weight = ''],
  { kernel, stride, padding, size },
  { inputs },
) => {
  const kernels = inputs[1] as Value;
  const [outputs = 0, channels = 0] = sizes(kernels);
  const turns = kernels.node.kind === 'weight' || kernel === 1 || outputs * channels <= turnedChannels;
  const shape = { kernel_shape: { ints: [kernel, kernel] } };
  if (stride === 1 && turns) {
    const pads = { ints: padding.map((zeros) => kernel - 1 - zeros) };
    return to.op('Conv', [gradient, turned(to, weight, kernel)], { ...shape, pads });
  }
  const [top, left, bottom, right] = padding;
  const rest = [(size[0] + top + bottom - kernel) % stride, (size[1] + left + right - kernel) % stride];
  return to.op('ConvTranspose', [gradient, weight], {
    ...shape,
    pads: { ints: padding },
    strides: { ints: [stride, stride] },
    output_padding: { ints: rest },
  });
};

/** [outputs, inputs, k, k] with outputs and inputs changed over, rows and columns backwards. */
function turned(to: Emitter, weight: EmittedName, kernel: number): EmittedName {
  const backwards =
    kernel === 1
      ? weight
      : to.op('Slice', [
          weight,
          ...[
            [-1, -1],
            [-kernel - 1, -kernel - 1],
            [2, 3],
            [-1, -1],
          ].map((at) => to.int64(at)),
        ]);
  return to.op('Transpose', [backwards], { perm: { ints: [1, 0, 2, 3] } });
}

/** Products of matrices over all positions, of the gradient with what was convolved as each number of the kernel saw it. */
export const convolutionWeight: Emit<ConvolutionAttributes> = (to, [x = '', gradient = ''], attributes, { inputs }) => {
  const [picture, result] = inputs.map(sizes) as [readonly number[], readonly number[]];
  const [rows = 0, channels = 0, height = 0, width = 0] = picture;
  const [, outputs = 0, outHeight = 0, outWidth = 0] = result;
  const { kernel, stride, padding } = attributes;
  const length = outHeight * outWidth;
  // A product of each row of the batch, whose sum costs a pass over [rows, ...]; or one over all rows, which costs turning both.
  const byRows = outputs * channels * kernel * kernel < 2 * length * (outputs + channels);
  const work = new WeightGradient(to, byRows, rows, length);
  const even = height % 2 === 0 && width % 2 === 0;
  const around = padding.every((zeros) => zeros === 1);
  if (kernel === 1 && stride === 1) return work.product(gradient, outputs, x, channels, [outputs, channels, 1, 1]);
  if (kernel === 3 && stride === 1 && around) return thrice(work, x, gradient, channels, outputs);
  if (kernel === 3 && stride === 2 && around && even) return phases(work, x, gradient, channels, outputs);
  return everyPosition(work, x, gradient, { ...attributes, channels, outputs, outHeight, outWidth });
};

/** What the ways to work out the gradient of a weight share: pictures with the axis of channels first or second, and the product at the end. */
class WeightGradient {
  readonly to: Emitter;
  /** Of channels, in what `arrange` gives. */
  readonly axis: 0 | 1;
  readonly #rows: number;
  readonly #length: number;

  constructor(to: Emitter, byRows: boolean, rows: number, length: number) {
    this.to = to;
    this.axis = byRows ? 1 : 0;
    this.#rows = rows;
    this.#length = length;
  }

  arrange(picture: EmittedName): EmittedName {
    return this.axis === 1 ? picture : this.to.op('Transpose', [picture], { perm: { ints: [1, 0, 2, 3] } });
  }

  concat(pictures: readonly EmittedName[]): EmittedName {
    return this.to.op('Concat', pictures, { axis: { int: this.axis } });
  }

  channels(picture: EmittedName, from: number, until: number): EmittedName {
    return this.to.op('Slice', [picture, ...[[from], [until], [this.axis]].map((at) => this.to.int64(at))]);
  }

  /** Moved down and to the right (up and to the left below 0); what comes in is 0. */
  moved(picture: EmittedName, down: number, right: number): EmittedName {
    return this.to.op('Pad', [picture, this.to.int64([0, 0, down, right, 0, 0, -down, -right])]);
  }

  /** The sum over rows and positions of the products of `a` channels and `b` channels, in `shape`. */
  product(left: EmittedName, a: number, right: EmittedName, b: number, shape: readonly number[]): EmittedName {
    return this.arrangedProduct(this.arrange(left), a, this.arrange(right), b, shape);
  }

  arrangedProduct(left: EmittedName, a: number, right: EmittedName, b: number, shape: readonly number[]): EmittedName {
    const { to } = this;
    const flat = (picture: EmittedName, count: number): EmittedName =>
      to.op('Reshape', [
        picture,
        to.int64(this.axis === 1 ? [this.#rows, count, this.#length] : [count, this.#rows * this.#length]),
      ]);
    const transB = { int: 1 };
    if (this.axis === 0)
      return to.op('Reshape', [to.op('Gemm', [flat(left, a), flat(right, b)], { transB }), to.int64(shape)]);
    const each = to.contrib('FusedMatMul', [flat(left, a), flat(right, b)], { transB });
    return to.op('Reshape', [to.op('ReduceSum', [each, to.int64([0])], { keepdims: { int: 0 } }), to.int64(shape)]);
  }
}

/** 3x3 within its size: what was convolved in three rows against the gradient in three columns. */
function thrice(
  work: WeightGradient,
  x: EmittedName,
  gradient: EmittedName,
  channels: number,
  outputs: number,
): EmittedName {
  const [from, result] = [work.arrange(x), work.arrange(gradient)];
  const rows = work.concat([work.moved(from, 1, 0), from, work.moved(from, -1, 0)]);
  const columns = work.concat([work.moved(result, 0, -1), result, work.moved(result, 0, 1)]);
  const products = work.arrangedProduct(columns, 3 * outputs, rows, 3 * channels, [3, outputs, 3, channels]);
  return work.to.op('Transpose', [products], { perm: { ints: [1, 3, 2, 0] } });
}

/** 3x3 at half the size: even and odd rows and columns as channels of their own, of which each number of the kernel sees one. */
function phases(
  work: WeightGradient,
  x: EmittedName,
  gradient: EmittedName,
  channels: number,
  outputs: number,
): EmittedName {
  const { to } = work;
  const all = work.arrange(to.op('SpaceToDepth', [x], { blocksize: { int: 2 } }));
  const part = (from: number, until: number): EmittedName => work.channels(all, from * channels, until * channels);
  const seen = work.concat([
    all,
    work.moved(part(2, 4), 1, 0),
    work.moved(part(1, 2), 0, 1),
    work.moved(part(3, 4), 1, 1),
    work.moved(part(3, 4), 0, 1),
  ]);
  // Which number of the kernel, row by row, sees which of those: `all` is (1,1), (1,2), (2,1), (2,2), and so on.
  const order = [7, 4, 5, 6, 0, 1, 8, 2, 3];
  const products = work.arrangedProduct(work.arrange(gradient), outputs, seen, 9 * channels, [outputs, 9, channels]);
  const kernels = to.op('Gather', [products, to.int64(order)], { axis: { int: 1 } });
  const turnedOver = to.op('Transpose', [kernels], { perm: { ints: [0, 2, 1] } });
  return to.op('Reshape', [turnedOver, to.int64([outputs, channels, 3, 3])]);
}

interface AnyConvolution extends ConvolutionAttributes {
  readonly channels: number;
  readonly outputs: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Any other: what each number of the kernel sees, copied out. */
function everyPosition(
  work: WeightGradient,
  x: EmittedName,
  gradient: EmittedName,
  { kernel, stride, padding: [top, left, bottom, right], channels, outputs, outHeight, outWidth }: AnyConvolution,
): EmittedName {
  const { to } = work;
  const padded = to.op('Pad', [work.arrange(x), to.int64([0, 0, top, left, 0, 0, bottom, right])]);
  const [axes, steps] = [to.int64([2, 3]), to.int64([stride, stride])];
  const seen = Array.from({ length: kernel * kernel }, (_, at) => {
    const [row, column] = [Math.floor(at / kernel), at % kernel];
    const ends = to.int64([row + stride * (outHeight - 1) + 1, column + stride * (outWidth - 1) + 1]);
    return to.op('Slice', [padded, to.int64([row, column]), ends, axes, steps]);
  });
  const [count, shape] = [kernel * kernel, [outputs, channels, kernel, kernel]];
  const result = work.arrange(gradient);
  const products = work.arrangedProduct(result, outputs, work.concat(seen), count * channels, [
    outputs,
    count,
    channels,
  ]);
  return to.op('Reshape', [to.op('Transpose', [products], { perm: { ints: [0, 2, 1] } }), to.int64(shape)]);
}
