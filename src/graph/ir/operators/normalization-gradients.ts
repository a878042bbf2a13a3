import { expectShape, float32, numberOf, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';
import { groupNorm, type GroupNormAttributes, layerNorm, type LayerNormAttributes } from './normalization.ts';

/**
 * Group normalisation that keeps what its gradient is worked out from: beside its result the normalised numbers [rows, channels, h, w], before
 * scale and shift, and 1 / standard deviation of each group [rows, groups, 1].
 */
export const groupNormKept: Operator<GroupNormAttributes> = {
  infer: (inputs, attributes) => {
    const results = groupNorm.infer(inputs, attributes);
    const rows = sizeOf(inputs[0] as Value, 0);
    return [...results, ...results, float32([rows, attributes.groups, 1])];
  },
};

/**
 * Of the normalised numbers, 1 / standard deviation, the scale and the gradient of the result: the gradient of what was normalised, and the
 * sums over positions [rows, channels] of gradient x normalised numbers and of the gradient.
 */
export const groupNormGradient: Operator<Pick<GroupNormAttributes, 'groups'>> = {
  infer: ([normalized, , scale, gradient]) => {
    const picture = normalized as Value;
    expectShape('a scale', scale, [numberOf(picture, 1)]);
    expectShape('a gradient', gradient, picture.shape);
    const sums = float32(picture.shape.slice(0, 2));
    return [float32(picture.shape), sums, sums];
  },
};

/** Layer normalisation that keeps the mean and 1 / standard deviation of each vector, [..., 1]. */
export const layerNormKept: OnnxOperator<LayerNormAttributes> = {
  infer: (inputs, attributes) => {
    const statistics = float32([...(inputs[0] as Value).shape.slice(0, -1), 1]);
    return [...layerNorm.infer(inputs, attributes), statistics, statistics];
  },
  emit: (to, inputs, { epsilon }) =>
    to.several('LayerNormalization', inputs, { axis: { int: -1 }, epsilon: { float: epsilon } }, 3),
  rowwise: true,
};

/**
 * Of vectors, the scale, mean, 1 / standard deviation and the gradient of the result: the gradient of the vectors, and gradient x normalised
 * numbers.
 */
export const layerNormGradient: Operator = {
  infer: ([x, scale, , , gradient]) => {
    const vectors = x as Value;
    expectShape('a scale', scale, [sizeOf(vectors, -1)]);
    expectShape('a gradient', gradient, vectors.shape);
    return [float32(vectors.shape), float32(vectors.shape)];
  },
  rowwise: true,
};
