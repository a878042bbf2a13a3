import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate, named, product, quotient, sameSize, sizeText } from '../../../src/graph/ir/size.ts';

const height = named('height');
const width = named('width');
const size = fc.integer({ min: 1, max: 4096 });
const divisor = fc.integer({ min: 1, max: 16 });

describe('sizes', () => {
  test('numbers are worked out at once', () => {
    expect(product(2, 3, 4)).toBe(24);
    expect(quotient(9, 2, 'up')).toBe(5);
    expect(quotient(9, 2, 'down')).toBe(4);
    expect(product(0, height)).toBe(0);
  });

  test('read as a person would write them', () => {
    expect(sizeText(product(height, 2, width))).toBe('2*height*width');
    expect(sizeText(product(1, height))).toBe('height');
    expect(sizeText(quotient(product(height, width), 4, 'up'))).toBe('ceil(height*width/4)');
    expect(sizeText(quotient(height, 2, 'down'))).toBe('floor(height/2)');
  });

  test('that are equal have equal text, however they came about', () => {
    expect(sameSize(product(width, height), product(height, width))).toBe(true);
    expect(sameSize(product(product(2, height), width, 3), product(6, width, height))).toBe(true);
    expect(sameSize(quotient(quotient(height, 2, 'up'), 2, 'up'), quotient(height, 4, 'up'))).toBe(true);
    expect(sameSize(quotient(product(8, height), 2, 'up'), product(4, height))).toBe(true);
    expect(sameSize(quotient(height, 1, 'up'), height)).toBe(true);
    expect(sameSize(quotient(height, 2, 'up'), quotient(height, 2, 'down'))).toBe(false);
    expect(sameSize(height, width)).toBe(false);
  });

  test('a name without a value is refused', () => {
    expect(() => evaluate(product(2, height), { width: 8 })).toThrow(/The size height has no value/);
  });

  test.each(['up', 'down'] as const)('quotients rounded %s are those of their numbers', (rounded) => {
    const divide = (value: number, by: number): number =>
      rounded === 'up' ? Math.ceil(value / by) : Math.floor(value / by);
    fc.assert(
      fc.property(size, size, divisor, divisor, (h, factor, first, second) => {
        const twice = quotient(quotient(height, first, rounded), second, rounded);
        expect(evaluate(twice, { height: h })).toBe(divide(divide(h, first), second));
        const scaled = quotient(product(factor, height, width), first, rounded);
        expect(evaluate(scaled, { height: h, width: 3 })).toBe(divide(factor * h * 3, first));
      }),
    );
  });

  test('nested quotients that are rounded apart stay apart', () => {
    const mixed = quotient(quotient(height, 2, 'up'), 2, 'down');
    expect(evaluate(mixed, { height: 5 })).toBe(1);
    expect(evaluate(quotient(height, 4, 'up'), { height: 5 })).toBe(2);
  });
});
