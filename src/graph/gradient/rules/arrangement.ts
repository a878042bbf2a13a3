import type { Graph } from '../../builder/graph.ts';
import type { Value } from '../../ir/node.ts';
import { sizes } from '../../ir/operators/shapes.ts';
import { gradientOf, type GradientRule } from './rule.ts';

export const imageToTokens: GradientRule = (to, { inputs: [x], ...operation }) => [
  to.op('TokensToImage', [gradientOf(operation), x as Value]),
];

export const tokensToImage: GradientRule = (to, operation) => [to.op('ImageToTokens', [gradientOf(operation)]), null];

/** The same numbers in the shape that they came in. */
export const inShape: GradientRule = (to, { inputs: [x], ...operation }) => [
  to.op('InShape', [gradientOf(operation)], { shape: sizes(x as Value) }),
];

/** Each pixel is repeated four times: four times the mean of two by two. */
export const doubleSize: GradientRule = (to, operation) => [fourMeans(to, gradientOf(operation))];

/** To the same size or to twice the size, which is all that a network for training does: its sizes are divided without a rest. */
export const resizeTo: GradientRule = (to, { inputs: [x, like], ...operation }) => {
  const [from, until] = [sizes(x as Value).slice(2), sizes(like as Value).slice(2)];
  const gradient = gradientOf(operation);
  if (from.join() === until.join()) return [gradient, null];
  if (from.every((size, axis) => 2 * size === until[axis])) return [fourMeans(to, gradient), null];
  throw new RangeError(
    `Expected twice ${from.join(' x ')} but received ${until.join(' x ')}: no gradient is known of that`,
  );
};

function fourMeans(to: Graph, gradient: Value): Value {
  return to.op('Affine', [to.op('HalveSize', [gradient])], { scale: 4, shift: 0 });
}
