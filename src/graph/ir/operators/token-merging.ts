import { expectRank, expectShape, float32, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';
import { named, sizeText } from '../size.ts';

export interface MergeAttributes {
  /** The share of all tokens that are merged into others, in thousandths; at most 750. */
  readonly thousandths: number;
}

/**
 * Which tokens of a picture are alike (Bolya et al., 2023, for Stable Diffusion: Bolya and Hoffman, 2023): of each square of 2x2 tokens the first is a
 * destination; the share of all tokens that are most like one, by the cosine of their vectors, is merged into it. What an odd height or width leaves over is
 * no destination. For tokens [rows, h*w, width] of a picture [rows, channels, h, w] the place of each in the merged sequence, int64 [rows, h*w].
 */
export const mergePlaces: Operator<MergeAttributes> = {
  infer: ([tokens, picture]) => {
    expectRank('sequences', tokens, 3);
    expectRank('a picture', picture, 4);
    return [{ shape: (tokens as Value).shape.slice(0, 2), type: 'int64' }];
  },
};

/** Sequences [rows, length, width] with the mean of those of one place at that place: [rows, merged length, width]. */
export const mergeTokens: Operator<MergeAttributes> = {
  infer: ([x, places], { thousandths }) => {
    expectRank('sequences', x, 3);
    const [rows, length, width] = [0, 1, 2].map((axis) => sizeOf(x as Value, axis)) as [never, never, never];
    expectShape('places', places, [rows, length]);
    return [float32([rows, named(`merged(${sizeText(length)}, ${thousandths})`), width])];
  },
};

/** Each token gets what is at its place: of merged sequences and places [rows, length] sequences [rows, length, width]. */
export const unmergeTokens: OnnxOperator = {
  infer: ([x, places]) => {
    expectRank('sequences', x, 3);
    const [rows, length] = [0, 1].map((axis) => sizeOf(places as Value, axis)) as [never, never];
    return [float32([rows, length, sizeOf(x as Value, 2)])];
  },
  emit: (to, [x = '', places = '']) =>
    to.op('GatherND', [x, to.op('Unsqueeze', [places, to.int64([-1])])], { batch_dims: { int: 1 } }),
};
