import { expectRank, float32, sizeOf } from '../expect.ts';
import type { Operator, Value } from '../node.ts';

export interface SinusoidAttributes {
  readonly frequencies: Float32Array;
  readonly first: 'cosine' | 'sine';
}

/** Cosines and sines of a number of each row times each frequency: [rows] to [rows, 2 frequencies]. */
export const sinusoids: Operator<SinusoidAttributes> = {
  infer: ([x], { frequencies }) => {
    expectRank('a number of each row', x, 1);
    return [float32([sizeOf(x as Value, 0), 2 * frequencies.length])];
  },
};
