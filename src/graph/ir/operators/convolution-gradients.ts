import { expectRank, expectShape, float32, sizeOf } from '../expect.ts';
import type { Operator, Value } from '../node.ts';
import type { ConvolutionAttributes } from './convolution.ts';

export interface ConvolutionInputAttributes extends ConvolutionAttributes {
  /** Height and width of what was convolved. */
  readonly size: readonly [number, number];
}

/**
 * The gradient of what a convolution took: of that of its result, [rows, outputs, h', w'], and its weight [outputs, inputs, k, k], to
 * [rows, inputs, h, w].
 */
export const convolutionInput: Operator<ConvolutionInputAttributes> = {
  infer: ([gradient, weight], { size }) => {
    expectRank('a gradient', gradient, 4);
    expectRank('a kernel', weight, 4);
    const [picture, kernels] = [gradient as Value, weight as Value];
    expectShape('a kernel', kernels, [sizeOf(picture, 1), ...kernels.shape.slice(1)]);
    return [float32([sizeOf(picture, 0), sizeOf(kernels, 1), ...size])];
  },
};

/**
 * The gradient of a convolution's weight: of what it took, [rows, inputs, h, w], and the gradient of its result, [rows, outputs, h', w'], to
 * [outputs, inputs, k, k].
 */
export const convolutionWeight: Operator<ConvolutionAttributes> = {
  infer: ([x, gradient], { kernel }) => {
    expectRank('a picture', x, 4);
    expectRank('a gradient', gradient, 4);
    const [picture, result] = [x as Value, gradient as Value];
    expectShape('a gradient', result, [sizeOf(picture, 0), ...result.shape.slice(1)]);
    return [float32([sizeOf(result, 1), sizeOf(picture, 1), kernel, kernel])];
  },
};
