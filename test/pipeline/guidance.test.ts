import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { guide, rescaleGuided } from '../../src/pipeline/guidance.ts';

const values = fc.float32Array({ minLength: 8, maxLength: 64, min: -4, max: 4, noNaN: true, noDefaultInfinity: true });

function spread(data: Float32Array): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (data.length - 1));
}

describe('classifier-free guidance', () => {
  it('scale 1 is the conditional prediction', () => {
    fc.assert(
      fc.property(values, (conditional) => {
        const guided = guide(new Float32Array(conditional.length), conditional, 1);
        expect(guided).toEqual(conditional.map((value) => value + 0));
      }),
    );
  });

  it('moves from the unconditional through the conditional prediction', () => {
    expect([...guide(Float32Array.of(1, 2), Float32Array.of(2, 0), 3)]).toEqual([4, -4]);
  });

  it('a full rescale gives the spread of the conditional prediction back', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const length = Math.min(a.length, b.length);
        const [conditional, unconditional] = [a.slice(0, length), b.slice(0, length)];
        const guided = guide(unconditional, conditional, 7.5);
        fc.pre(spread(guided) > 1e-3 && spread(conditional) > 1e-3);
        expect(spread(rescaleGuided(guided, conditional, 1))).toBeCloseTo(spread(conditional), 3);
        expect(rescaleGuided(guided, conditional, 0)).toEqual(guided);
      }),
    );
  });
});
