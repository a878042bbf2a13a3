import { describe, expect, test } from 'vitest';
import { numberOf } from '../../src/prompt/number.ts';
import { growth } from '../support/growth.ts';

describe('a number in a prompt', () => {
  test.each([
    ['1', 1],
    [' 1.5\n', 1.5],
    ['1.', 1],
    ['.5', 0.5],
    ['-0.25', -0.25],
    ['+3', 3],
    ['007', 7],
  ])('is read: %j', (text, value) => {
    expect(numberOf(text)).toBe(value);
  });

  test.each(['', ' ', '.', '-', '+.', '1.2.3', '1e3', '0x1', '1 2', '--1', 'NaN', '1x'])('is no other: %j', (text) => {
    expect(numberOf(text)).toBeNull();
  });

  test('is told from a long row of digits in time that grows with the row', async () => {
    const look = (length: number): void => void numberOf(`${'1'.repeat(length)}x`);
    expect(await growth(look, 20_000)).toBeLessThan(2.5);
  });
});
