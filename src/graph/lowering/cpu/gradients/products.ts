import type { Emit } from '../../../ir/node.ts';

/** Vectors come as rows of a matrix. */
export const outerProduct: Emit<object> = (to, inputs) => to.op('Gemm', inputs, { transA: { int: 1 } });

/** Vectors come as rows of a matrix. */
export const sumVectors: Emit<object> = (to, [x = '']) =>
  to.op('ReduceSum', [x, to.int64([0])], { keepdims: { int: 0 } });
