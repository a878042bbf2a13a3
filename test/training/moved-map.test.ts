import { expect, test } from 'vitest';
import { movedMap } from '../../src/training/moved-map.ts';

test('a map is moved by whole pixels in all channels, and its border is repeated', () => {
  const map = Float32Array.from([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60, 0, 0, 0, 0, 0, 0]);
  const moved = movedMap(map, { width: 3, height: 2 }, { across: 1, down: -1 });
  expect([...moved]).toEqual([4, 4, 5, 4, 4, 5, 40, 40, 50, 40, 40, 50, 0, 0, 0, 0, 0, 0]);
});
