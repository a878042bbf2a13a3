import type { Value } from '../../ir/node.ts';
import type { AttentionAttributes } from '../../ir/operators/attention.ts';
import type { ConvolutionAttributes } from '../../ir/operators/convolution.ts';
import { sizes } from '../../ir/operators/shapes.ts';
import { gradientOf, type GradientRule } from './rule.ts';

export const convolution: GradientRule<ConvolutionAttributes> = (
  to,
  { inputs: [x, weight], attributes, ...operation },
) => {
  const gradient = gradientOf(operation);
  const [picture, kernels] = [x as Value, weight as Value];
  const [, , height = 0, width = 0] = sizes(picture);
  return [
    to.op('ConvolutionInput', [gradient, kernels], { ...attributes, size: [height, width] }),
    to.op('ConvolutionWeight', [picture, gradient], attributes),
    to.op('SumVectors', [to.op('SumPositions', [gradient])]),
  ];
};

export const linear: GradientRule = (to, { inputs: [x, weight], ...operation }) => {
  const gradient = gradientOf(operation);
  return [
    to.op('Product', [gradient, weight as Value]),
    to.op('OuterProduct', [gradient, x as Value]),
    to.op('SumVectors', [gradient]),
  ];
};

export const attention: GradientRule<AttentionAttributes> = (to, { inputs, results, attributes, ...operation }) => {
  const [query, key, value, ...bias] = inputs as readonly [Value, Value, Value, ...Value[]];
  const operands = [query, key, value, results[0] as Value, gradientOf(operation), ...bias];
  return to.several('AttentionGradient', operands, attributes);
};
