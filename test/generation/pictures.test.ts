import { describe, expect, it } from 'vitest';
import { picturesOf } from '../../src/generation/pictures.ts';

describe('the pictures of a plan', () => {
  it('are the candidates of each output, in the order of their seeds', () => {
    expect(picturesOf({ seed: 7, count: 2, bestOf: 3 })).toEqual([
      { output: 0, candidate: 0, seed: 7 },
      { output: 0, candidate: 1, seed: 8 },
      { output: 0, candidate: 2, seed: 9 },
      { output: 1, candidate: 0, seed: 10 },
      { output: 1, candidate: 1, seed: 11 },
      { output: 1, candidate: 2, seed: 12 },
    ]);
  });

  it('have seeds that wrap around at 2^32, as the generator does', () => {
    expect(picturesOf({ seed: 2 ** 32 - 1, count: 2, bestOf: 1 }).map(({ seed }) => seed)).toEqual([2 ** 32 - 1, 0]);
  });
});
