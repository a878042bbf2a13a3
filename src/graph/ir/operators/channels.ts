import { expectRank, expectShape, float32, numberOf, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';
import type { Size } from '../size.ts';

/** Pictures [rows, channels, h, w] of one size, or vectors [rows, channels], their channels one after another. */
export const concatChannels: OnnxOperator = {
  infer: (pictures) => {
    const [first] = pictures as readonly [Value];
    for (const picture of pictures) {
      expectShape('a picture', picture, [sizeOf(first, 0), sizeOf(picture, 1), ...first.shape.slice(2)]);
    }
    const channels = pictures.reduce((sum, picture) => sum + numberOf(picture, 1), 0);
    return [float32([sizeOf(first, 0), channels, ...first.shape.slice(2)])];
  },
  emit: (to, inputs) => to.op('Concat', inputs, { axis: { int: 1 } }),
};

export interface SplitAttributes {
  readonly count: number;
}

/** `count` equal parts of [rows, channels, ...] along its channels. */
export const splitChannels: OnnxOperator<SplitAttributes> = {
  infer: ([x], { count }) => {
    const [rows, , ...rest] = (x as Value).shape;
    const channels = numberOf(x as Value, 1);
    if (channels % count !== 0) throw new RangeError(`Expected ${count} equal parts of ${channels} channels`);
    return Array.from({ length: count }, () => float32([rows as Size, channels / count, ...rest]));
  },
  emit: (to, inputs, { count }) =>
    to.several('Split', inputs, { axis: { int: 1 }, num_outputs: { int: count } }, count),
};

export interface SliceAttributes {
  readonly from: number;
  readonly to: number;
}

/** The channels `from` up to `to` of [rows, channels, ...]. */
export const sliceChannels: OnnxOperator<SliceAttributes> = {
  infer: ([x], { from, to }) => {
    const value = x as Value;
    if (from < 0 || to > numberOf(value, 1) || from >= to)
      throw new RangeError(`Expected channels from ${from} to ${to}`);
    return [float32(value.shape.with(1, to - from))];
  },
  emit: (to, [x = ''], { from, to: end }) => to.op('Slice', [x, to.int64([from]), to.int64([end]), to.int64([1])]),
};

export interface OrderAttributes {
  /** Which channel comes where. */
  readonly order: readonly number[];
}

/** The channels of [rows, channels, h, w] in another order. */
export const reorderChannels: OnnxOperator<OrderAttributes> = {
  infer: ([x], { order }) => {
    expectRank('a picture', x, 4);
    return [float32((x as Value).shape.with(1, order.length))];
  },
  emit: (to, [x = ''], { order }) => to.op('Gather', [x, to.int64(order)], { axis: { int: 1 } }),
};

/** [rows, channels, h, w] plus a number for each row and channel, [rows, channels]. */
export const shiftChannels: Operator = {
  infer: ([x, shift]) => {
    expectRank('a picture', x, 4);
    const picture = x as Value;
    expectShape('a shift', shift, picture.shape.slice(0, 2));
    return [float32(picture.shape)];
  },
};

/** [rows, channels, h, w] times a number for each row, [rows, 1]. */
export const scaleRows: Operator = {
  infer: ([x, scale]) => {
    expectRank('a picture', x, 4);
    const picture = x as Value;
    expectShape('a scale', scale, [sizeOf(picture, 0), 1]);
    return [float32(picture.shape)];
  },
};

/** Pictures [rows, channels, h, w], sequences [rows, length, channels] or vectors [rows, channels] times a number for each row and channel, [rows, channels]. */
export const scaleChannels: Operator = {
  infer: ([x, scale]) => {
    const value = x as Value;
    expectShape('a scale', scale, [sizeOf(value, 0), channelsOf(value)]);
    return [float32(value.shape)];
  },
};

/** y + x M for each position, with a matrix M [inputs, outputs]: y has the shape of x but for its channels, which are the outputs. */
export const addProduct: Operator = {
  infer: ([y, x, matrix]) => {
    const [sum, value] = [y as Value, x as Value];
    expectShape('a matrix', matrix, [channelsOf(value), channelsOf(sum)]);
    expectShape('a value', value, sum.shape.with(channelAxis(sum), channelsOf(value)));
    return [float32(sum.shape)];
  },
};

/** Channels are the second axis of a picture, and the last one of sequences and vectors. */
function channelAxis({ shape }: Value): number {
  return shape.length === 4 ? 1 : shape.length - 1;
}

function channelsOf(value: Value): Size {
  return sizeOf(value, channelAxis(value));
}

/** The mean of each channel: [rows, channels, h, w] to [rows, channels, 1, 1]. */
export const averageChannels: OnnxOperator = {
  infer: ([x]) => {
    expectRank('a picture', x, 4);
    return [float32([...(x as Value).shape.slice(0, 2), 1, 1])];
  },
  emit: (to, inputs) => to.op('GlobalAveragePool', inputs),
};

export interface ClampAttributes {
  readonly least: number;
  readonly most: number;
}

export const clamp: OnnxOperator<ClampAttributes> = {
  infer: ([x]) => [float32((x as Value).shape)],
  emit: (to, [x = ''], { least, most }) => to.op('Clip', [x, to.float([least], []), to.float([most], [])]),
};
