import { describe, expect, test } from 'vitest';
import { learningRate, type RateOptions } from '../../../src/training/optimizer/learning-rate.ts';

const options: RateOptions = { schedule: 'constant', rate: 1e-4, warmup: 0, steps: 100 };
const rates = (changed: Partial<RateOptions>): readonly number[] =>
  Array.from({ length: 100 }, (_, index) => learningRate(index + 1, { ...options, ...changed }) / 1e-4);
const at = (list: readonly number[], step: number): number => list[step - 1] ?? Number.NaN;

describe('the learning rate', () => {
  test('stays, and grows from 0 during the warmup', () => {
    expect(new Set(rates({}))).toEqual(new Set([1]));
    const warmed = rates({ warmup: 4 });
    expect(warmed.slice(0, 6).map((rate) => Number(rate.toFixed(12)))).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  test('falls along half a cosine to the horizon, not to the end of the warmup', () => {
    const falling = rates({ schedule: 'cosine' });
    expect(at(falling, 1)).toBe(1);
    expect(at(falling, 51)).toBeCloseTo(0.5, 12);
    expect(at(falling, 100)).toBeCloseTo((1 + Math.cos(0.99 * Math.PI)) / 2, 12);
    expect(falling.every((rate, index) => index === 0 || rate < (falling[index - 1] ?? 0))).toBe(true);
    const warmed = rates({ schedule: 'cosine', warmup: 20 });
    expect(at(warmed, 10)).toBeCloseTo(0.5, 12);
    expect(at(warmed, 21)).toBe(1);
    expect(at(warmed, 61)).toBeCloseTo(0.5, 12);
  });

  test('never rises again beyond the horizon', () => {
    expect(learningRate(150, { ...options, schedule: 'cosine' })).toBe(0);
  });

  test('goes up and down once in one cycle', () => {
    const cycle = rates({ schedule: 'one_cycle' });
    expect(at(cycle, 1)).toBeCloseTo(0.04, 12);
    expect(at(cycle, 31)).toBeCloseTo(1, 12);
    expect(at(cycle, 100)).toBeLessThan(0.01);
    const top = cycle.indexOf(Math.max(...cycle));
    expect(cycle.every((rate, index) => index === 0 || rate > (cycle[index - 1] ?? 0) === index <= top)).toBe(true);
  });

  test('has its rise as the warmup that is asked for in one cycle', () => {
    const cycle = rates({ schedule: 'one_cycle', warmup: 10 });
    expect(at(cycle, 5)).toBeCloseTo(0.5, 12);
    expect(at(cycle, 11)).toBe(1);
    expect(at(cycle, 56)).toBeCloseTo(0.5, 4);
  });
});
