import { expectShape, float32, sizeOf } from '../expect.ts';
import type { Operator, Value } from '../node.ts';

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
