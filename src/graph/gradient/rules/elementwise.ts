import type { Graph } from '../../builder/graph.ts';
import type { Value } from '../../ir/node.ts';
import type { AffineAttributes } from '../../ir/operators/elementwise.ts';
import { sizes } from '../../ir/operators/shapes.ts';
import { gradientOf, type GradientRule } from './rule.ts';

export const add: GradientRule = (to, { inputs, ...operation }) =>
  inputs.map((input) => summed(to, gradientOf(operation), input));

export const subtract: GradientRule = (to, { inputs: [a, b], ...operation }) => {
  const gradient = gradientOf(operation);
  const negative = to.op('Affine', [gradient], { scale: -1, shift: 0 });
  return [summed(to, gradient, a as Value), summed(to, negative, b as Value)];
};

export const multiply: GradientRule = (to, { inputs: [a, b], ...operation }) => {
  const gradient = gradientOf(operation);
  const [left, right] = [a as Value, b as Value];
  return [
    summed(to, to.op('Multiply', [gradient, right]), left),
    summed(to, to.op('Multiply', [gradient, left]), right),
  ];
};

export const affine: GradientRule<AffineAttributes> = (to, { attributes: { scale }, ...operation }) => [
  to.op('Affine', [gradientOf(operation)], { scale, shift: 0 }),
];

/** `gradient` in the shape of `input`, which was broadcast. */
function summed(to: Graph, gradient: Value, input: Value): Value {
  const shape = sizes(input);
  return shape.join() === sizes(gradient).join() ? gradient : to.op('SumTo', [gradient], { shape });
}
