import { elementCount } from '../../../numeric/tensor.ts';
import { float32, numberOf } from '../expect.ts';
import type { OnnxOperator, Value } from '../node.ts';
import { shapeText } from '../size.ts';

export interface ShapeAttributes {
  readonly shape: readonly number[];
}

/** The same numbers in another shape. */
export const inShape: OnnxOperator<ShapeAttributes> = {
  infer: ([x], { shape }) => {
    if (elementCount(sizes(x as Value)) !== elementCount(shape)) {
      throw new RangeError(
        `Expected as many numbers as in ${shapeText(shape)} but received ${shapeText((x as Value).shape)}`,
      );
    }
    return [float32(shape)];
  },
  emit: (to, [x = ''], { shape }) => to.op('Reshape', [x, to.int64(shape)]),
  view: true,
};

/** Sums of x over the axes along which a value of `shape` is broadcast to that of x. */
export const sumTo: OnnxOperator<ShapeAttributes> = {
  infer: ([x], { shape }) => {
    const from = sizes(x as Value);
    const start = from.length - shape.length;
    if (start < 0 || shape.some((size, axis) => size !== 1 && size !== from[start + axis])) {
      throw new RangeError(`Expected a shape that broadcasts to ${shapeText(from)} but received ${shapeText(shape)}`);
    }
    return [float32(shape)];
  },
  emit: (to, [x = ''], { shape }, { inputs }) => {
    const from = sizes(inputs[0] as Value);
    const start = from.length - shape.length;
    const axes = from.flatMap((size, axis) =>
      axis < start || (shape[axis - start] === 1 && size !== 1) ? [axis] : [],
    );
    if (axes.length === 0) return to.op('Identity', [x]);
    const sums = to.op('ReduceSum', [x, to.int64(axes)], { keepdims: { int: 1 } });
    return start === 0 ? sums : to.op('Reshape', [sums, to.int64(shape)]);
  },
};

/** The shape of a value that no name stands in. */
export function sizes(value: Value): readonly number[] {
  return value.shape.map((_, axis) => numberOf(value, axis));
}
