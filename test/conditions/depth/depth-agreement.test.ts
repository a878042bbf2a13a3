import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { depthAgreement } from '../../../src/conditions/depth/depth-agreement.ts';

function grey(levels: readonly number[]): RgbImage {
  return { width: levels.length, height: 1, data: Uint8Array.from(levels.flatMap((level) => [level, level, level])) };
}

const levels = (least: number, most: number) =>
  fc.array(fc.integer({ min: least, max: most }), { minLength: 2, maxLength: 60 });

describe('agreement of depth maps', () => {
  it('is full with the same map at another scale and shift', () => {
    const figures = depthAgreement(grey([10, 20, 30, 60]), grey([50, 70, 90, 150]));
    expect(figures?.rankCorrelation).toBeCloseTo(1, 12);
    expect(figures?.rmse).toBeCloseTo(0, 7);
  });

  it('has the rank correlation and the error of a worked example', () => {
    // Ranks 1 2 3 4 5 and 2 1 4 3 5: 1 - 6 * 4 / (5 * 24) = 0.8. The line through (0, 51), (51, 0), (102, 153), (153, 102),
    // (204, 204) has slope 0.8 and intercept 20.4, and leaves residuals of 30.6, -61.2, 51, -40.8 and 20.4.
    const figures = depthAgreement(grey([0, 51, 102, 153, 204]), grey([51, 0, 153, 102, 204]));
    const residuals = [30.6, -61.2, 51, -40.8, 20.4].map((value) => value / 255);
    const rmse = Math.sqrt(residuals.reduce((sum, value) => sum + value * value, 0) / 5);
    expect(figures?.rankCorrelation).toBeCloseTo(0.8, 12);
    expect(figures?.rmse).toBeCloseTo(rmse, 12);
  });

  it('gives equal depths the mean of their ranks', () => {
    // Ranks 1.5 1.5 3 and 1 2 3: covariance 1.5, variances 1.5 and 2.
    expect(depthAgreement(grey([9, 9, 80]), grey([1, 2, 3]))?.rankCorrelation).toBeCloseTo(1.5 / Math.sqrt(3), 12);
  });

  it('tells near from far', () => {
    expect(depthAgreement(grey([0, 100, 200]), grey([200, 100, 0]))?.rankCorrelation).toBeCloseTo(-1, 12);
  });

  it('is none where a map is flat', () => {
    expect(depthAgreement(grey([7, 7, 7]), grey([1, 2, 3]))).toBeNull();
    expect(depthAgreement(grey([1, 2, 3]), grey([7, 7, 7]))).toBeNull();
  });

  it('does not change with scale and shift of the drawn map', () => {
    fc.assert(
      fc.property(
        levels(0, 60),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 15 }),
        (drawn, scale, shift) => {
          const requested = grey(drawn.map((level, i) => (level * 3 + i * 7) % 200));
          const plain = depthAgreement(grey(drawn), requested);
          const changed = depthAgreement(grey(drawn.map((level) => level * scale + shift)), requested);
          expect(changed === null).toBe(plain === null);
          if (plain === null || changed === null) return;
          expect(changed.rankCorrelation).toBeCloseTo(plain.rankCorrelation, 9);
          // The root of a rounding error near zero has half its digits.
          expect(changed.rmse).toBeCloseTo(plain.rmse, 6);
        },
      ),
    );
  });

  it('lies within its bounds and is a number', () => {
    fc.assert(
      fc.property(levels(0, 255), (drawn) => {
        const figures = depthAgreement(grey(drawn), grey(drawn.toReversed()));
        if (figures === null) return;
        expect(Math.abs(figures.rankCorrelation)).toBeLessThanOrEqual(1 + 1e-9);
        expect(figures.rmse).toBeGreaterThanOrEqual(0);
        expect(figures.rmse).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
    );
  });
});
