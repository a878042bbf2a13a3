import type { Value } from '../../ir/node.ts';
import type { GroupNormAttributes } from '../../ir/operators/normalization.ts';
import { gradientOf, type GradientRule } from './rule.ts';

export const groupNormKept: GradientRule<GroupNormAttributes> = (
  to,
  { inputs: [, scale], results: [, normalized, inverse], attributes: { groups }, ...operation },
) => {
  const operands = [normalized as Value, inverse as Value, scale as Value, gradientOf(operation)];
  const [x, products, sums] = to.several('GroupNormGradient', operands, { groups });
  return [x, to.op('SumVectors', [products as Value]), to.op('SumVectors', [sums as Value])];
};

export const layerNormKept: GradientRule = (to, { inputs: [x, scale], results: [, mean, inverse], ...operation }) => {
  const gradient = gradientOf(operation);
  const operands = [x as Value, scale as Value, mean as Value, inverse as Value, gradient];
  const [vectors, products] = to.several('LayerNormGradient', operands);
  return [vectors, to.op('SumVectors', [products as Value]), to.op('SumVectors', [gradient])];
};
