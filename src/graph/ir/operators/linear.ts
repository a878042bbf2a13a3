import { expectShape, float32, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';

/** x W^T + b along the last axis: [..., inputs] to [..., outputs] with a weight [outputs, inputs] and perhaps a bias [outputs]. */
export const linear: Operator = {
  infer: ([x, weight, bias]) => {
    const [vectors, matrix] = [x as Value, weight as Value];
    const outputs = sizeOf(matrix, 0);
    expectShape('a weight', matrix, [outputs, sizeOf(vectors, -1)]);
    if (bias !== undefined) expectShape('a bias', bias, [outputs]);
    return [float32([...vectors.shape.slice(0, -1), outputs])];
  },
};

/** x M along the last axis: [..., inputs] to [..., outputs] with a matrix [inputs, outputs]. */
export const product: OnnxOperator = {
  infer: ([x, matrix]) => {
    const [vectors, factor] = [x as Value, matrix as Value];
    expectShape('a matrix', factor, [sizeOf(vectors, -1), sizeOf(factor, 1)]);
    return [float32([...vectors.shape.slice(0, -1), sizeOf(factor, 1)])];
  },
  emit: (to, inputs) => to.op('MatMul', inputs),
};

/** The sum over all vectors of the products of their numbers: [..., a] and [..., b] to [a, b]. */
export const outerProduct: Operator = {
  infer: ([a, b]) => {
    const [left, right] = [a as Value, b as Value];
    expectShape('vectors', right, [...left.shape.slice(0, -1), sizeOf(right, -1)]);
    return [float32([sizeOf(left, -1), sizeOf(right, -1)])];
  },
};
