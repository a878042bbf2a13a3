import { expectShape, float32 } from '../expect.ts';
import type { Operator, Value } from '../node.ts';

export interface SwishAttributes {
  /** Of x sigmoid(alpha x): 1 for SiLU, 1.702 for CLIP's approximation of gelu. */
  readonly alpha: number;
}

/** Of x, x sigmoid(alpha x) and the gradient of that: the gradient of x. */
export const swishGradient: Operator<SwishAttributes> = {
  infer: ([x, result, gradient]) => {
    const shape = x?.shape ?? [];
    expectShape('a result', result, shape);
    expectShape('a gradient', gradient, shape);
    return [float32(shape)];
  },
  rowwise: true,
};

/** Of x and the gradient of x Phi(x): the gradient of x. */
export const geluGradient: Operator = {
  infer: ([x, gradient]) => {
    expectShape('a gradient', gradient, (x as Value).shape);
    return [float32((x as Value).shape)];
  },
  rowwise: true,
};
