import type { EmittedName, Emitter } from '../../../ir/emitter.ts';
import type { Emit, Value } from '../../../ir/node.ts';
import type { GroupNormAttributes } from '../../../ir/operators/normalization.ts';
import { sizes } from '../../../ir/operators/shapes.ts';

/** A layer normalisation over each group says 1 / standard deviation too; a batch normalisation that only scales and shifts is one pass. */
export const groupNormKept: Emit<GroupNormAttributes> = (
  to,
  [x = '', scale = '', shift = ''],
  { groups, epsilon },
  { inputs },
) => {
  const [rows = 0, channels = 0, height = 0, width = 0] = sizes(inputs[0] as Value);
  const length = (channels / groups) * height * width;
  const grouped = to.op('Reshape', [x, to.int64([rows, groups, length])]);
  const ones = to.float(new Float32Array(length).fill(1), [length]);
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  const [flat = '', , inverse = ''] = to.several('LayerNormalization', [grouped, ones], attributes, 3);
  const normalized = to.op('Reshape', [flat, to.int64([rows, channels, height, width])]);
  return [scaled(to, normalized, scale, shift, channels), normalized, inverse];
};

/**
 * With n the normalised numbers, d 1 / standard deviation, g the gradient of the result and L the numbers of a group:
 * d (scale g - (sum of scale g + n sum of scale g n) / L), sums over the group.
 */
export const groupNormGradient: Emit<Pick<GroupNormAttributes, 'groups'>> = (
  to,
  [normalized = '', inverse = '', scale = '', gradient = ''],
  { groups },
  { inputs },
) => {
  const shape = sizes(inputs[0] as Value);
  const [rows = 0, channels = 0, height = 0, width = 0] = shape;
  const members = channels / groups;
  const length = members * height * width;
  const overPositions = (x: EmittedName) => to.op('ReduceSum', [x, to.int64([2, 3])], { keepdims: { int: 0 } });
  const products = overPositions(to.op('Mul', [gradient, normalized]));
  const sums = overPositions(gradient);
  const each = to.float(new Float32Array(members).fill(1), [1, 1, members]);
  /** -1 / L of the sum over each group of what belongs to a channel, times d, for each channel: [rows, groups, members]. */
  const share = (ofChannels: EmittedName): EmittedName => {
    const grouped = to.op('Reshape', [to.op('Mul', [ofChannels, scale]), to.int64([rows, groups, members])]);
    const all = to.op('ReduceSum', [grouped, to.int64([2])], { keepdims: { int: 1 } });
    const mean = to.op('Mul', [all, to.float([-1 / length], [])]);
    return to.op('Mul', [to.op('Mul', [mean, inverse]), each]);
  };
  const slope = to.op('Mul', [to.op('Reshape', [scale, to.int64([1, groups, members])]), inverse]);
  const flat = (x: EmittedName) => to.op('Reshape', [x, to.int64([rows * channels])]);
  const asOneRow = (x: EmittedName) => to.op('Reshape', [x, to.int64([1, rows * channels, height, width])]);
  const zeros = to.float(new Float32Array(rows * channels), [rows * channels]);
  const direct = scaled(to, asOneRow(gradient), flat(slope), flat(share(sums)), rows * channels);
  const centred = scaled(to, asOneRow(normalized), flat(share(products)), zeros, rows * channels);
  return [to.op('Reshape', [to.op('Add', [direct, centred]), to.int64(shape)]), products, sums];
};

/** With n the normalised numbers, d 1 / standard deviation and g the gradient: d (scale g - mean of scale g - n mean of scale g n). */
export const layerNormGradient: Emit<object> = (
  to,
  [x = '', scale = '', mean = '', inverse = '', gradient = ''],
  _,
  { inputs },
) => {
  const width = sizes(inputs[0] as Value).at(-1) ?? 0;
  const normalized = to.op('Mul', [to.op('Sub', [x, mean]), inverse]);
  const product = to.op('Mul', [gradient, normalized]);
  const scaledGradient = to.op('Mul', [gradient, scale]);
  const mean1 = to.op('ReduceMean', [scaledGradient, to.int64([-1])], { keepdims: { int: 1 } });
  const column = to.op('Reshape', [scale, to.int64([width, 1])]);
  const mean2 = to.op('Mul', [to.op('MatMul', [product, column]), to.float([1 / width], [])]);
  const centred = to.op('Sub', [to.op('Sub', [scaledGradient, mean1]), to.op('Mul', [normalized, mean2])]);
  return [to.op('Mul', [centred, inverse]), product];
};

/** scale x + shift for each channel of [rows, channels, h, w], in one pass. */
function scaled(to: Emitter, x: EmittedName, scale: EmittedName, shift: EmittedName, channels: number): EmittedName {
  const constant = (value: number) => to.float(new Float32Array(channels).fill(value), [channels]);
  return to.op('BatchNormalization', [x, scale, shift, constant(0), constant(1)], { epsilon: { float: 0 } });
}
