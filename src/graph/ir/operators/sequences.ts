import { expectRank, expectShape, float32, numberOf, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';
import { product, type Size } from '../size.ts';

/** Positions of [rows, channels, h, w] as tokens, row by row: [rows, h*w, channels]. */
export const imageToTokens: Operator = {
  infer: ([x]) => {
    expectRank('a picture', x, 4);
    const picture = x as Value;
    const length = product(sizeOf(picture, 2), sizeOf(picture, 3));
    return [float32([sizeOf(picture, 0), length, numberOf(picture, 1)])];
  },
};

/** Tokens [rows, h*w, channels] in the shape of a picture [rows, channels, h, w]. */
export const tokensToImage: Operator = {
  infer: ([tokens, like]) => {
    expectRank('a picture', like, 4);
    const picture = like as Value;
    const length = product(sizeOf(picture, 2), sizeOf(picture, 3));
    expectShape('tokens', tokens, [sizeOf(picture, 0), length, sizeOf(picture, 1)]);
    return [float32(picture.shape)];
  },
};

/** Sequences [rows, length, width] with a vector [width] before each: [1, 1 + length, width]. One row. */
export const prependToken: Operator = {
  infer: ([tokens, token]) => {
    expectRank('sequences', tokens, 3);
    const [, length, width] = (tokens as Value).shape;
    expectShape('one sequence', tokens, [1, length as Size, width as Size]);
    expectShape('a vector', token, [width as Size]);
    return [float32([1, numberOf(tokens as Value, 1) + 1, width as Size])];
  },
};

/** The first vector of sequences [rows, length, width]: [rows, width]. */
export const firstToken: OnnxOperator = {
  infer: ([x]) => {
    expectRank('sequences', x, 3);
    return [float32([sizeOf(x as Value, 0), sizeOf(x as Value, 2)])];
  },
  emit: (to, [x = '']) => to.op('Gather', [x, to.int64([0], [])], { axis: { int: 1 } }),
};

export interface TokenCount {
  readonly count: number;
}

/** Vectors [rows, count x width] as sequences [rows, count, width]. */
export const splitTokens: OnnxOperator<TokenCount> = {
  infer: ([x], { count }) => {
    expectRank('vectors', x, 2);
    const width = numberOf(x as Value, 1);
    if (width % count !== 0) throw new RangeError(`Expected vectors of ${count} equal parts but they have ${width}`);
    return [float32([sizeOf(x as Value, 0), count, width / count])];
  },
  emit: (to, [x = ''], { count }) => to.op('Reshape', [x, to.int64([0, count, -1])]),
};

/** Sequences [rows, length, width] times a number for each of their vectors [rows, length, 1], or one for all of a row [rows, 1, 1]. */
export const scaleTokens: OnnxOperator = {
  infer: ([x, scale]) => {
    expectRank('sequences', x, 3);
    expectRank('a scale', scale, 3);
    return [float32((x as Value).shape)];
  },
  emit: (to, inputs) => to.op('Mul', inputs),
};

/** The rows of a table [count, width] that ids [rows, length] name, as float32 whatever the table is: [rows, length, width]. */
export const embed: Operator = {
  infer: ([table, ids]) => {
    expectRank('a table', table, 2);
    return [float32([...(ids as Value).shape, sizeOf(table as Value, 1)])];
  },
};

/** Of sequences [rows, length, width] the vectors of others where int32 [rows, length] is not 0. */
export const replace: Operator = {
  infer: ([x, others, places]) => {
    expectRank('sequences', x, 3);
    const sequences = x as Value;
    expectShape('sequences', others, sequences.shape);
    expectShape('places', places, sequences.shape.slice(0, 2));
    return [float32(sequences.shape)];
  },
};

export interface EqualsAttributes {
  readonly value: number;
}

/** 1 where an int32 equals `value`, 0 elsewhere. */
export const equals: Operator<EqualsAttributes> = {
  infer: ([x]) => [{ shape: (x as Value).shape, type: 'int32' }],
};

/** The first place of the largest number in each row of int32 [rows, length]: int64 [rows, 1]. */
export const firstLargest: OnnxOperator = {
  infer: ([x]) => {
    expectRank('rows of numbers', x, 2);
    return [{ shape: [sizeOf(x as Value, 0), 1], type: 'int64' }];
  },
  emit: (to, inputs) => to.op('ArgMax', inputs, { axis: { int: 1 }, keepdims: { int: 1 } }),
};

/** The vector of [rows, length, width] at each row's place, [rows, 1]: [rows, width]. */
export const pick: OnnxOperator = {
  infer: ([x, places]) => {
    expectRank('sequences', x, 3);
    const sequences = x as Value;
    expectShape('places', places, [sizeOf(sequences, 0), 1]);
    return [float32([sizeOf(sequences, 0), sizeOf(sequences, 2)])];
  },
  emit: (to, inputs) => to.op('GatherND', inputs, { batch_dims: { int: 1 } }),
};
