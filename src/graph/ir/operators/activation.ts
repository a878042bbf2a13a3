import { expectShape, float32 } from '../expect.ts';
import type { OnnxOperator, Operator } from '../node.ts';

/** x sigmoid(x). */
export const silu: Operator = { infer: ([x]) => [float32(x?.shape ?? [])], rowwise: true };

/** x sigmoid(1.702 x), the approximation that CLIP was trained with. */
export const quickGelu: Operator = { infer: ([x]) => [float32(x?.shape ?? [])], rowwise: true };

/** x Phi(x), by the error function (Hendrycks and Gimpel, 2016). */
export const gelu: OnnxOperator = {
  infer: ([x]) => [float32(x?.shape ?? [])],
  emit: (to, inputs) => to.op('Gelu', inputs),
  rowwise: true,
};

/** max(x, 0). */
export const relu: OnnxOperator = {
  infer: ([x]) => [float32(x?.shape ?? [])],
  emit: (to, inputs) => to.op('Relu', inputs),
  rowwise: true,
};

export interface LeakAttributes {
  /** What numbers below 0 are multiplied by. */
  readonly slope: number;
}

/** x above 0, slope x below. */
export const leakyRelu: OnnxOperator<LeakAttributes> = {
  infer: ([x]) => [float32(x?.shape ?? [])],
  emit: (to, inputs, { slope }) => to.op('LeakyRelu', inputs, { alpha: { float: slope } }),
  rowwise: true,
};

export const tanh: OnnxOperator = {
  infer: ([x]) => [float32(x?.shape ?? [])],
  emit: (to, inputs) => to.op('Tanh', inputs),
  rowwise: true,
};

/** value gelu(gate), of two values of one shape (Shazeer, 2020). */
export const geglu: Operator = {
  infer: ([value, gate]) => {
    const shape = value?.shape ?? [];
    expectShape('a gate', gate, shape);
    return [float32(shape)];
  },
  rowwise: true,
};
