import { describe, expect, it } from 'vitest';
import { fidelityMetrics } from '../../src/conditions/contract/fidelity.ts';
import { bytes, detailName, duration, figure, metricNames, words } from '../../src/web/figures.js';

describe('figures for people', () => {
  it.each([
    [4, '4 ms'],
    [12, '0.012 s'],
    [400, '0.4 s'],
    [2345, '2.3 s'],
    [59_600, '1 min'],
    [125_000, '2 min 5 s'],
  ])('%d milliseconds are %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  it.each([
    [812, '812 B'],
    [91_234, '91 kB'],
    [1_250_000, '1.3 MB'],
  ])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

  it.each([
    [1, '1'],
    [0.87654, '0.877'],
    [-0.25, '-0.250'],
    [23.456, '23.5'],
  ])('the figure %d is %s', (value, text) => expect(figure(value)).toBe(text));

  it('names are words', () => {
    expect(words('rank_correlation')).toBe('rank correlation');
    expect(['rmse', 'within_11_25', 'mean_degrees'].map(detailName)).toEqual(['RMSE', 'within 11.25°', 'mean degrees']);
  });

  it('there is a name for every measure', () => {
    expect(Object.keys(metricNames).toSorted()).toEqual(fidelityMetrics.toSorted());
  });
});
