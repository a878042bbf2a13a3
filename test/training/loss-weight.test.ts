import { describe, expect, test } from 'vitest';
import { lossWeight } from '../../src/training/loss-weight.ts';

/** The share of the signal's power at which it is `snr` times that of the noise. */
const shareOf = (snr: number): number => snr / (snr + 1);

describe('what an error counts', () => {
  test('is the same at all timesteps where nothing else is asked for', () => {
    expect([0, 0.2, 0.999].map((share) => lossWeight(share, 'epsilon', null))).toEqual([1, 1, 1]);
  });

  test.each([
    ['epsilon', 20, 5 / 20],
    ['epsilon', 2, 1],
    ['v_prediction', 20, 5 / 21],
    ['v_prediction', 2, 2 / 3],
    ['sample', 20, 5],
    ['sample', 2, 2],
  ] as const)('where %s is predicted and the signal is %d times the noise', (prediction, snr, weight) => {
    expect(lossWeight(shareOf(snr), prediction, 5)).toBeCloseTo(weight, 12);
  });

  test('is 0 without any signal where v is predicted, and refused where the noise is', () => {
    expect(lossWeight(0, 'v_prediction', 5)).toBe(0);
    expect(() => lossWeight(0, 'epsilon', 5)).toThrow('Expected some signal at every timestep');
  });
});
