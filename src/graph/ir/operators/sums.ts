import { expectRank, float32, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';

/** The sum of all vectors along the last axis: [..., width] to [width]. */
export const sumVectors: Operator = { infer: ([x]) => [float32([sizeOf(x as Value, -1)])] };

/** The sum of each channel: [rows, channels, h, w] to [rows, channels]. */
export const sumPositions: OnnxOperator = {
  infer: ([x]) => {
    expectRank('a picture', x, 4);
    return [float32((x as Value).shape.slice(0, 2))];
  },
  emit: (to, [x = '']) => to.op('ReduceSum', [x, to.int64([2, 3])], { keepdims: { int: 0 } }),
};
