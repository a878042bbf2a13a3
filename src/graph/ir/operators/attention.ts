import { expectRank, expectShape, float32, numberOf, sizeOf } from '../expect.ts';
import type { Operator, Value } from '../node.ts';

export interface AttentionAttributes {
  readonly heads: number;
}

/**
 * Multi-head scaled dot-product attention (Vaswani et al., 2017) of queries [rows, length, width] on keys and values [rows, other
 * length, width], without projections. A fourth input [1, 1, length, other length] is added to the scores before the softmax.
 */
export const attention: Operator<AttentionAttributes> = {
  infer: ([query, key, value, bias], { heads }) => {
    for (const operand of [query, key, value]) expectRank('sequences', operand, 3);
    const [queries, keys] = [query as Value, key as Value];
    const width = numberOf(queries, 2);
    if (width % heads !== 0) throw new RangeError(`Expected a width of ${heads} equal heads but it is ${width}`);
    const [length, others] = [sizeOf(queries, 1), sizeOf(keys, 1)];
    expectShape('keys', key, [sizeOf(queries, 0), others, width]);
    expectShape('values', value, keys.shape);
    if (bias !== undefined) expectShape('a bias', bias, [1, 1, length, others]);
    return [float32(queries.shape)];
  },
};
