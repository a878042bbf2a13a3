import { expectShape, float32 } from '../expect.ts';
import type { Operator, Value } from '../node.ts';
import { attention, type AttentionAttributes } from './attention.ts';

/**
 * The gradients of queries, keys and values of Attention, of those three, its result and the gradient of that, and of its bias where it
 * has one. The probabilities are worked out again: kept, they would be the largest values of a network by far.
 */
export const attentionGradient: Operator<AttentionAttributes> = {
  infer: ([query, key, value, result, gradient, ...bias], attributes) => {
    const operands = [query, key, value].map((operand) => operand as Value);
    const [type] = attention.infer([...operands, ...bias], attributes);
    for (const given of [result, gradient]) expectShape('a result', given, type?.shape ?? []);
    return operands.map(({ shape }) => float32(shape));
  },
};
