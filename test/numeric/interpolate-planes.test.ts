import { describe, expect, it } from 'vitest';
import { type Interpolation, interpolatePlanes, interpolations } from '../../src/numeric/interpolate-planes.ts';
import { floats, goldenArrays, maxAbsDifference } from '../support/golden.ts';

const arrays = goldenArrays('adapters', 'latent', 'interpolate.safetensors');
const references: Readonly<Record<Interpolation, string>> = {
  nearest: 'nearest',
  nearest_exact: 'nearest-exact',
  bilinear: 'bilinear',
  bilinear_antialiased: 'bilinear-aa',
  bicubic: 'bicubic',
  bicubic_antialiased: 'bicubic-aa',
};

/** Every size that the reference has of a rule. */
const cases = interpolations.flatMap((rule) => {
  const prefix = `${references[rule]}/`;
  return [...arrays.keys()].filter((name) => name.startsWith(prefix)).map((name) => [rule, name] as const);
});

describe('planes at another size, as torch interpolates them', () => {
  const [, , height = 0, width = 0] = arrays.get('x')!.dims;
  const x = floats(arrays, 'x');
  const largest = Math.max(...x.map(Math.abs));

  it.each(cases)('%s: %s', (rule, name) => {
    const [, , rows = 0, columns = 0] = arrays.get(name)!.dims;
    const actual = interpolatePlanes(x, { width, height }, { width: columns, height: rows }, rule);
    const tolerance = rule.startsWith('nearest') ? 0 : 2e-6 * largest;
    expect(maxAbsDifference(actual, floats(arrays, name))).toBeLessThanOrEqual(tolerance);
  });

  it('there are references of every rule', () => {
    expect(new Set(cases.map(([rule]) => rule)).size).toBe(interpolations.length);
  });
});
