import { expectRank, expectShape, float32, numberOf, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';

export interface GroupNormAttributes {
  readonly groups: number;
  readonly epsilon: number;
}

/** Group normalisation of [rows, channels, h, w] with a scale and a shift per channel (Wu and He, 2018). */
export const groupNorm: Operator<GroupNormAttributes> = {
  infer: ([x, scale, shift], { groups }) => {
    expectRank('a picture', x, 4);
    const picture = x as Value;
    const channels = numberOf(picture, 1);
    if (channels % groups !== 0) throw new RangeError(`Expected ${groups} equal groups of ${channels} channels`);
    expectShape('a scale', scale, [channels]);
    expectShape('a shift', shift, [channels]);
    return [float32(picture.shape)];
  },
};

export interface LayerNormAttributes {
  readonly epsilon: number;
}

/** Layer normalisation over the last axis with a scale and a shift [width] (Ba et al., 2016). */
export const layerNorm: OnnxOperator<LayerNormAttributes> = {
  infer: ([x, scale, shift]) => {
    const vectors = x as Value;
    expectShape('a scale', scale, [sizeOf(vectors, -1)]);
    expectShape('a shift', shift, [sizeOf(vectors, -1)]);
    return [float32(vectors.shape)];
  },
  emit: (to, inputs, { epsilon }) =>
    to.op('LayerNormalization', inputs, { axis: { int: -1 }, epsilon: { float: epsilon } }),
  rowwise: true,
};
