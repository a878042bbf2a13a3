import type { Graph } from '../../builder/graph.ts';
import type { Value } from '../../ir/node.ts';
import type { OrderAttributes, SplitAttributes } from '../../ir/operators/channels.ts';
import { sizes } from '../../ir/operators/shapes.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import { gradientOf, type GradientRule } from './rule.ts';

export const concatChannels: GradientRule = (to, { inputs, ...operation }) => {
  let from = 0;
  return inputs.map((input) => {
    const until = from + (sizes(input)[1] ?? 0);
    const part = to.op('SliceChannels', [gradientOf(operation)], { from, to: until });
    from = until;
    return part;
  });
};

export const splitChannels: GradientRule<SplitAttributes> = (to, { results, gradients }) => [
  to.op(
    'ConcatChannels',
    results.map((result, index) => gradients[index] ?? zeros(to, result)),
  ),
];

/** Of an order in which every channel comes once. */
export const reorderChannels: GradientRule<OrderAttributes> = (to, { inputs, attributes: { order }, ...operation }) => {
  const back = order.map((_, channel) => order.indexOf(channel));
  if (back.includes(-1) || order.length !== sizes(inputs[0] as Value)[1]) {
    throw new RangeError('Expected an order of all channels, each of them once');
  }
  return [to.op('ReorderChannels', [gradientOf(operation)], { order: back })];
};

export const shiftChannels: GradientRule = (to, operation) => {
  const gradient = gradientOf(operation);
  return [gradient, to.op('SumPositions', [gradient])];
};

export const scaleRows: GradientRule = (to, { inputs: [x, scale], ...operation }) => {
  const gradient = gradientOf(operation);
  const [value, factor] = [x as Value, scale as Value];
  const rows = sizes(value)[0] ?? 0;
  const sums = to.op('SumTo', [to.op('Multiply', [gradient, value])], { shape: [rows, 1, 1, 1] });
  return [to.op('ScaleRows', [gradient, factor]), to.op('InShape', [sums], { shape: [rows, 1] })];
};

export const scaleChannels: GradientRule = (to, { inputs: [x, scale], ...operation }) => {
  const gradient = gradientOf(operation);
  const [value, factor] = [x as Value, scale as Value];
  const product = to.op('Multiply', [gradient, value]);
  return [to.op('ScaleChannels', [gradient, factor]), ofChannels(to, product)];
};

/** [rows, channels] of pictures, sequences or vectors: the sums over all else. */
function ofChannels(to: Graph, value: Value): Value {
  const shape = sizes(value);
  if (shape.length === 2) return value;
  if (shape.length === 4) return to.op('SumPositions', [value]);
  const [rows = 0, , channels = 0] = shape;
  return to.op('InShape', [to.op('SumTo', [value], { shape: [rows, 1, channels] })], { shape: [rows, channels] });
}

export const addProduct: GradientRule = (to, { inputs: [, x, matrix], ...operation }) => {
  const gradient = gradientOf(operation);
  const [value, factor] = [x as Value, matrix as Value];
  if (value.shape.length !== 4) {
    return [gradient, to.op('Linear', [gradient, factor]), to.op('OuterProduct', [value, gradient])];
  }
  // A picture's channels: a convolution with a kernel of one number.
  const point = { kernel: 1, stride: 1, padding: [0, 0, 0, 0] } as const;
  const shape = sizes(factor);
  const kernel = to.op('InShape', [factor], { shape: [...shape, 1, 1] });
  const weight = to.op('ConvolutionWeight', [gradient, value], point);
  return [gradient, to.op('Convolution', [gradient, kernel], point), to.op('InShape', [weight], { shape })];
};

export const averageChannels: GradientRule = (to, { inputs: [x], ...operation }) => {
  const [, , height = 0, width = 0] = sizes(x as Value);
  const share = to.float(new Float32Array(height * width).fill(1 / (height * width)), [1, 1, height, width]);
  return [to.op('Multiply', [gradientOf(operation), share])];
};

function zeros(to: Graph, like: Value): Value {
  const shape = sizes(like);
  return to.float(new Float32Array(elementCount(shape)), shape);
}
