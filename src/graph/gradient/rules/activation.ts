import type { GradientRule } from './rule.ts';
import { gradientOf } from './rule.ts';

function swish(alpha: number): GradientRule {
  return (to, { inputs: [x], results: [y], ...operation }) =>
    x === undefined || y === undefined ? [] : [to.op('SwishGradient', [x, y, gradientOf(operation)], { alpha })];
}

export const silu = swish(1);
export const quickGelu = swish(1.702);

export const gelu: GradientRule = (to, { inputs, ...operation }) => [
  to.op('GeluGradient', [...inputs, gradientOf(operation)]),
];
