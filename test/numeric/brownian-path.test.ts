import { describe, expect, it } from 'vitest';
import { BrownianPath } from '../../src/numeric/brownian-path.ts';

const range = { from: 0.01, to: 30 };
const length = 20_000;

function moments(values: Float32Array): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0) / a.length;
}

describe('a Brownian path', () => {
  const path = new BrownianPath(7, length, range);

  it.each([
    [14.6, 9],
    [0.05, 0.03],
    [29, 0.02],
    [1, 0],
  ])('changes by standard normals from %d to %d', (from, to) => {
    const { mean, variance } = moments(path.increment(from, to));
    // Four standard errors.
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(length));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / length));
  });

  it('is one path: what lies between two levels is the sum of its parts', () => {
    const [high, middle, low] = [14.6, 5, 2] as const;
    const whole = path.increment(high, low);
    const [first, second] = [path.increment(high, middle), path.increment(middle, low)];
    const summed = first.map(
      (value, i) =>
        (value * Math.sqrt(high - middle) + (second[i] ?? 0) * Math.sqrt(middle - low)) / Math.sqrt(high - low),
    );
    for (const [i, value] of whole.entries()) expect(Math.abs(value - (summed[i] ?? 0))).toBeLessThan(1e-5);
    expect(Math.abs(correlation(first, second))).toBeLessThan(4 / Math.sqrt(length));
  });

  it('follows from the seed, the stream and the levels alone, in whatever order it is asked', () => {
    const other = new BrownianPath(7, length, range);
    const later = other.increment(3, 1);
    expect(other.increment(10, 3)).toEqual(path.increment(10, 3));
    expect(path.increment(3, 1)).toEqual(later);
    for (const unlike of [new BrownianPath(8, length, range), new BrownianPath(7, length, range, 1)]) {
      expect(Math.abs(correlation(unlike.increment(3, 1), later))).toBeLessThan(4 / Math.sqrt(length));
    }
  });

  it('has noise beyond its range too, and any length', () => {
    expect(moments(path.increment(90, 40)).variance).toBeGreaterThan(0.9);
    expect(new BrownianPath(7, 5, range).increment(3, 1)).toEqual(path.increment(3, 1).slice(0, 5));
  });
});
