import { float32, numberOf, sizeOf } from '../expect.ts';
import type { Operator, Value } from '../node.ts';

export interface SinusoidAttributes {
  readonly frequencies: Float32Array;
  readonly first: 'cosine' | 'sine';
}

/**
 * Cosines and sines of a number of each row times each frequency, [rows] to [rows, 2 frequencies]; of several numbers one after another,
 * [rows, numbers] to [rows, numbers x 2 frequencies].
 */
export const sinusoids: Operator<SinusoidAttributes> = {
  infer: ([x], { frequencies }) => {
    const value = x as Value;
    if (value.shape.length > 2) throw new RangeError('Expected a number of each row, or several');
    const numbers = value.shape.length === 1 ? 1 : numberOf(value, 1);
    return [float32([sizeOf(value, 0), numbers * 2 * frequencies.length])];
  },
};
