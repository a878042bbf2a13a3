import { expect, test } from 'vitest';
import { joinChunks } from '../../../src/pipeline/conditioning/join-chunks.ts';

const chunk = (values: readonly number[], pooled: number, weights = [1, 1]) => ({
  conditioning: {
    context: { dims: [2, 1], data: Float32Array.from(values) },
    pooled: { dims: [1], data: Float32Array.of(pooled) },
  },
  weights,
});

test('chunks of a prompt are one sequence, each with its emphasis, and of the whole text the first says what it means', () => {
  const { context, pooled } = joinChunks([chunk([1, 3], 7), chunk([2, 2], 8, [1, 3])]);
  expect(context?.dims).toEqual([4, 1]);
  // Twice and six times 2, and the mean of both chunks is kept.
  expect([...(context?.data ?? [])]).toEqual([1, 3, 1, 3]);
  expect([...(pooled?.data ?? [])]).toEqual([7]);
});

test('a single chunk without emphasis stays as it is', () => {
  const only = chunk([1, 3], 7);
  expect(joinChunks([only])['context']).toBe(only.conditioning.context);
});
