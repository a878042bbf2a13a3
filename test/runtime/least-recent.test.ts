import { expect, it } from 'vitest';
import { LeastRecent } from '../../src/runtime/least-recent.ts';

it('a map of so many values forgets those that were used longest ago', () => {
  const kept = new LeastRecent<number>(2);
  kept.set('a', 1);
  kept.set('b', 2);
  expect(kept.get('a')).toBe(1);
  kept.set('c', 3);
  expect([kept.get('a'), kept.get('b'), kept.get('c')]).toEqual([1, undefined, 3]);
  kept.set('a', 4);
  kept.set('d', 5);
  expect([kept.get('a'), kept.get('c'), kept.get('d')]).toEqual([4, undefined, 5]);
  kept.delete('a');
  expect(kept.get('a')).toBeUndefined();
});
