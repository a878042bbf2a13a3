import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betaCumulative, betaQuantile } from '../../src/numeric/beta-distribution.ts';
import { linearCombination } from '../../src/numeric/linear-combination.ts';
import { solveLinearSystem } from '../../src/numeric/linear-system.ts';

const shape = fc.double({ min: 0.3, max: 8, noNaN: true });

describe('beta distribution', () => {
  it('is uniform for 1, 1 and arcsine for 1/2, 1/2', () => {
    for (const p of [0.001, 0.1, 0.5, 0.77, 0.999]) {
      expect(betaQuantile(p, 1, 1)).toBeCloseTo(p, 13);
      expect(betaQuantile(p, 0.5, 0.5)).toBeCloseTo(Math.sin((Math.PI * p) / 2) ** 2, 13);
    }
  });

  it('has its quantiles where its cumulative function says', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), shape, shape, (p, a, b) => {
        // Where the density is steep, neighbouring doubles are further apart than 1e-9 in probability.
        const quantile = betaQuantile(p, a, b);
        expect(betaCumulative(quantile * (1 - 2 ** -50), a, b) - 1e-9).toBeLessThanOrEqual(p);
        expect(betaCumulative(Math.min(1, quantile * (1 + 2 ** -50)), a, b) + 1e-9).toBeGreaterThanOrEqual(p);
      }),
    );
  });

  it('ends at 0 and 1', () => {
    expect([betaQuantile(0, 0.6, 0.6), betaQuantile(1, 0.6, 0.6)]).toEqual([0, 1]);
  });
});

describe('solveLinearSystem', () => {
  it('solves systems that need a row exchange', () => {
    const matrix = [
      [0, 2, 1],
      [1, -2, -3],
      [-1, 1, 2],
    ];
    const solution = solveLinearSystem(matrix, [-8, 0, 3]);
    expect(solution.map((value) => Math.round(value * 1e12) / 1e12)).toEqual([-4, -5, 2]);
    expect(matrix[0]).toEqual([0, 2, 1]);
  });
});

describe('linearCombination', () => {
  it('rounds once', () => {
    const sum = linearCombination([
      [1, Float32Array.of(1e8)],
      [1, Float32Array.of(1)],
      [-1, Float32Array.of(1e8)],
    ]);
    expect(sum).toEqual(Float32Array.of(1));
  });
});
