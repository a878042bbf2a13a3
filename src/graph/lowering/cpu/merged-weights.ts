import { type Axis, type Delta, type Factor, lowRankOf, type ScaledDelta } from '../../delta.ts';
import type { EmittedName } from '../../ir/emitter.ts';
import { elementTypeOf, elementTypeOfRef, placeOf, storedRef, type WeightExpression } from '../../ir/weight.ts';
import type { WeightRef } from '../../weights.ts';
import type { OnnxEmitter } from '../onnx-emitter.ts';
import { asWeight } from './stored-numbers.ts';
import { emitTransposed } from './transposed-weight.ts';

type Merged = Extract<WeightExpression, { kind: 'merged' }>;

/** A weight as a matrix: `taps` are the places of a convolution's kernel, 1 for any other. */
interface Sizes {
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;
}

/**
 * A weight with what adapters add to it, as nodes whose inputs are all constants: onnxruntime works them out when it loads the
 * network, and what runs is the network of the base model. In float32, whatever the files hold.
 */
export function emitMerged(to: OnnxEmitter, { of, shape, deltas }: Merged): EmittedName {
  const [outputs = 0, inputs = 1, ...kernel] = shape;
  const sizes: Sizes = { outputs, inputs, taps: kernel.reduce((all, size) => all * size, 1) };
  const merging = new Merging(to, sizes, storedBase(to, of, [outputs, inputs * sizes.taps]));
  const merged = merging.sum(deltas);
  return shape.length === 2 ? merged : to.op('Reshape', [merged, to.int64(shape)]);
}

function storedBase(to: OnnxEmitter, expression: WeightExpression, dims: readonly number[]): EmittedName {
  if (expression.kind === 'transposed') return emitTransposed(to, expression);
  const place = placeOf(expression);
  if (place === null) throw new RangeError('Expected a stored weight to be merged into');
  const type = elementTypeOf(expression);
  const name = to.stored(`${place.file}#${place.byteOffset}`, type, dims, place);
  return asWeight(to, name, storedRef(expression));
}

interface Product {
  readonly left: EmittedName;
  readonly right: EmittedName;
}

class Merging {
  readonly #to: OnnxEmitter;
  readonly #sizes: Sizes;
  readonly #base: EmittedName;

  constructor(to: OnnxEmitter, sizes: Sizes, base: EmittedName) {
    this.#to = to;
    this.#sizes = sizes;
    this.#base = base;
  }

  /** Low-rank products are joined along their rank: one product for all of them, with the weight added in it. */
  sum(deltas: readonly ScaledDelta[]): EmittedName {
    const products = deltas.flatMap((delta) => this.#product(delta) ?? []);
    let sum = this.#base;
    if (products.length > 0) {
      const left = this.#joined(
        products.map((product) => product.left),
        1,
      );
      const right = this.#joined(
        products.map((product) => product.right),
        0,
      );
      sum = this.#to.op('Gemm', [left, right, sum]);
    }
    for (const { delta, scale, inputs } of deltas.filter((one) => lowRankOf(one.delta) === null)) {
      const added = this.#times(this.#delta(delta, { ...this.#sizes, inputs }), scale);
      sum = this.#to.op('Add', [sum, this.#padded(added, inputs)]);
    }
    return sum;
  }

  #product({ delta, scale, inputs }: ScaledDelta): Product | null {
    const product = lowRankOf(delta);
    if (product === null) return null;
    const { left, right, times } = product;
    const rank = left.shape[1] ?? 0;
    return {
      left: this.#times(this.#stored(left, [this.#sizes.outputs, rank]), times * scale),
      right: this.#padded(this.#stored(right, [rank, inputs * this.#sizes.taps]), inputs),
    };
  }

  /** Rows of fewer input channels with zeros behind them. */
  #padded(rows: EmittedName, inputs: number): EmittedName {
    const missing = (this.#sizes.inputs - inputs) * this.#sizes.taps;
    return missing === 0 ? rows : this.#to.op('Pad', [rows, this.#to.int64([0, 0, 0, missing])]);
  }

  /** A delta as a matrix [outputs, inputs x taps], at scale 1. */
  #delta(delta: Delta, sizes: Sizes): EmittedName {
    const to = this.#to;
    switch (delta.kind) {
      case 'elementwise': {
        const rows = sizes.inputs * sizes.taps;
        const [first = '', ...others] = delta.of.map((factor) => this.#factor(factor, sizes.outputs, rows, sizes.taps));
        return this.#times(
          others.reduce((all, one) => to.op('Mul', [all, one]), first),
          delta.times,
        );
      }
      case 'kronecker':
        return this.#times(this.#kronecker(delta.of, sizes), delta.times);
      case 'channel factors':
        return this.#byChannel('Mul', this.#base, this.#channels(delta.factors, delta.axis), delta.axis);
      case 'renormalised':
        return to.op('Sub', [this.#renormalised(delta, sizes), this.#base]);
      case 'rotated':
        return to.op('Sub', [this.#rotated(delta), this.#base]);
    }
  }

  /** A matrix [rows, columns] of a weight whose kernel has so many taps. */
  #factor(factor: Factor, rows: number, columns: number, taps: number): EmittedName {
    const to = this.#to;
    if (factor.kind === 'stored') return this.#stored(factor.ref, [rows, columns]);
    if (factor.kind === 'product') {
      const rank = factor.left.shape[1] ?? 0;
      return to.op('MatMul', [this.#stored(factor.left, [rows, rank]), this.#stored(factor.right, [rank, columns])]);
    }
    const { left, leftIs, core, right } = factor;
    const [first = 0, second = 0] = core.shape;
    const asStored = this.#stored(left, leftIs === 'transposed' ? [first, rows] : [rows, first]);
    const turned = leftIs === 'transposed' ? to.op('Transpose', [asStored]) : asStored;
    // [rows, second x taps] to [rows, taps, second], times [second, inputs], to [rows, inputs x taps].
    const halfway = to.op('MatMul', [turned, this.#stored(core, [first, second * taps])]);
    const inner = this.#swapped(this.#reshaped(halfway, [rows, second, taps]));
    const whole = to.op('MatMul', [inner, this.#stored(right, [second, columns / taps])]);
    return this.#reshaped(this.#swapped(whole), [rows, columns]);
  }

  #kronecker([first, second]: readonly [Factor, Factor], { outputs, inputs, taps }: Sizes): EmittedName {
    const [o1, i1] = [rowsOf(first), columnsOf(first)];
    const [o2, i2] = [outputs / o1, inputs / i1];
    const one = this.#reshaped(this.#factor(first, o1, i1, 1), [o1, 1, i1, 1, 1]);
    const other = this.#reshaped(this.#factor(second, o2, i2 * taps, taps), [1, o2, 1, i2, taps]);
    return this.#reshaped(this.#to.op('Mul', [one, other]), [outputs, inputs * taps]);
  }

  #renormalised({ of, norms, axis, epsilon }: Extract<Delta, { kind: 'renormalised' }>, sizes: Sizes): EmittedName {
    const to = this.#to;
    const { outputs, inputs, taps } = this.#sizes;
    const changed = to.op('Add', [this.#base, this.#delta(of, sizes)]);
    const [shape, axes] =
      axis === 'outputs'
        ? [[outputs, inputs * taps], [1]]
        : [
            [outputs, inputs, taps],
            [0, 2],
          ];
    const norm = to.op('ReduceL2', [this.#reshaped(changed, shape), to.int64(axes)]);
    const divisor = epsilon === 0 ? norm : to.op('Add', [norm, to.float([epsilon], [])]);
    const factors = to.op('Div', [this.#channels(norms, axis), divisor]);
    return this.#byChannel('Mul', changed, factors, axis);
  }

  /** R^T W for each block of rows, R = (I + Q) (I - Q)^-1. */
  #rotated({ generators, limit, rescale }: Extract<Delta, { kind: 'rotated' }>): EmittedName {
    const to = this.#to;
    const [blocks = 0, size = 0] = generators.shape;
    const { outputs, inputs, taps } = this.#sizes;
    const stored = this.#stored(generators, [blocks, size, size]);
    const all = to.op('Sub', [stored, this.#swapped(stored)]);
    const norm = to.op('ReduceL2', [all], { keepdims: { int: 0 } });
    const q = limit === null ? all : to.op('Mul', [all, cutTo(to, norm, limit)]);
    const identity = to.float(identityOf(size), [1, size, size]);
    const plus = to.op('Add', [identity, q]);
    const inverse = this.#inverse(to.op('Sub', [identity, q]), plus, identity, q);
    const turn = to.op('MatMul', [plus, inverse]);
    const rows = this.#reshaped(this.#base, [blocks, size, inputs * taps]);
    const turned = this.#reshaped(to.op('MatMul', [this.#swapped(turn), rows]), [outputs, inputs * taps]);
    return rescale === null ? turned : to.op('Mul', [turned, this.#stored(rescale, [outputs, 1])]);
  }

  /**
   * The inverse of A = I - Q by Newton's iteration X (2 I - A X) from a multiple of A^T = I + Q. Q is skew, so that the squares of A's
   * singular values lie between 1 and 1 + |Q|^2: with twice their middle it converges always, quadratically at the end.
   */
  #inverse(a: EmittedName, transposed: EmittedName, identity: EmittedName, q: EmittedName): EmittedName {
    const to = this.#to;
    const square = to.op('ReduceSumSquare', [q], { keepdims: { int: 0 } });
    const start = to.op('Div', [to.float([2], []), to.op('Add', [square, to.float([2], [])])]);
    const twice = to.op('Add', [identity, identity]);
    let inverse = to.op('Mul', [transposed, start]);
    for (let i = 0; i < iterations; i++) {
      const rest = to.op('Sub', [twice, to.op('MatMul', [a, inverse])]);
      inverse = to.op('MatMul', [inverse, rest]);
    }
    return inverse;
  }

  /** One number for each channel of an axis, to be multiplied with a matrix in {@link #byChannel}. */
  #channels(ref: WeightRef, axis: Axis): EmittedName {
    const { outputs, inputs } = this.#sizes;
    return this.#stored(ref, axis === 'outputs' ? [outputs, 1] : [1, inputs, 1]);
  }

  #byChannel(operator: 'Mul', matrix: EmittedName, channels: EmittedName, axis: Axis): EmittedName {
    const { outputs, inputs, taps } = this.#sizes;
    if (axis === 'outputs') return this.#to.op(operator, [matrix, channels]);
    const kernels = this.#reshaped(matrix, [outputs, inputs, taps]);
    return this.#reshaped(this.#to.op(operator, [kernels, channels]), [outputs, inputs * taps]);
  }

  #stored(ref: WeightRef, dims: readonly number[]): EmittedName {
    const type = elementTypeOfRef(ref);
    return asWeight(this.#to, this.#to.stored(`${ref.file}#${ref.byteOffset}`, type, dims, ref), ref);
  }

  #times(matrix: EmittedName, factor: number): EmittedName {
    return factor === 1 ? matrix : this.#to.op('Mul', [matrix, this.#to.float([factor], [])]);
  }

  #joined(matrices: readonly EmittedName[], axis: number): EmittedName {
    return matrices.length === 1 ? (matrices[0] ?? '') : this.#to.op('Concat', matrices, { axis: { int: axis } });
  }

  #reshaped(value: EmittedName, shape: readonly number[]): EmittedName {
    return this.#to.op('Reshape', [value, this.#to.int64(shape)]);
  }

  /** The last two axes of three. */
  #swapped(value: EmittedName): EmittedName {
    return this.#to.op('Transpose', [value], { perm: { ints: [0, 2, 1] } });
  }
}

function rowsOf(factor: Factor): number {
  if (factor.kind === 'stored') return factor.ref.shape[0] ?? 0;
  const isTransposed = factor.kind === 'core product' && factor.leftIs === 'transposed';
  return factor.left.shape[isTransposed ? 1 : 0] ?? 0;
}

function columnsOf(factor: Factor): number {
  return (factor.kind === 'stored' ? factor.ref : factor.right).shape[1] ?? 0;
}

/** min(1, limit / norm), also where the norm is 0. */
function cutTo(to: OnnxEmitter, norm: EmittedName, limit: number): EmittedName {
  const most = to.float([limit], []);
  return to.op('Div', [most, to.op('Max', [norm, most])]);
}

function identityOf(size: number): Float32Array {
  const data = new Float32Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return data;
}

/** Enough for generators of a norm of 40, of which |Q| is at most the root of the sum of squares. */
const iterations = 14;
