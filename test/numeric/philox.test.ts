import { describe, expect, it } from 'vitest';
import { philox4x32, type PhiloxCounter, type PhiloxKey } from '../../src/numeric/philox.ts';
import { PhiloxGenerator } from '../../src/numeric/philox-generator.ts';
import { floats, goldenArrays, goldenJson, maxAbsDifference } from '../support/golden.ts';

interface Facts {
  readonly philox_shapes: readonly (readonly number[])[];
  readonly philox4x32_10_known_answers: readonly { counter: PhiloxCounter; key: PhiloxKey; out: PhiloxCounter }[];
}

const arrays = goldenArrays('rng', 'philox.safetensors');
const facts = goldenJson<Facts>('rng', 'rng.json');
const seeds = [...new Set([...arrays.keys()].map((name) => name.split('/')[1] ?? ''))];

describe('Philox 4x32-10', () => {
  it.each(facts.philox4x32_10_known_answers)('gives the known answer for $counter, $key', ({ counter, key, out }) => {
    expect(philox4x32(counter, key)).toEqual(out);
  });

  it.each(seeds)('seed %s: normals of successive draws', (seed) => {
    const generator = new PhiloxGenerator(BigInt(seed));
    let compared = 0;
    for (const [k, dims] of facts.philox_shapes.entries()) {
      const drawn = generator.randn(dims);
      if (!arrays.has(`philox/${seed}/${k}`)) continue;
      expect(maxAbsDifference(drawn, floats(arrays, `philox/${seed}/${k}`))).toBeLessThanOrEqual(2e-6);
      compared += 1;
    }
    expect(compared).toBe([...arrays.keys()].filter((name) => name.startsWith(`philox/${seed}/`)).length);
  });

  it('goes on from a saved state', () => {
    const generator = new PhiloxGenerator(7);
    generator.randn([3]);
    const restored = new PhiloxGenerator(7, structuredClone(generator.save()));
    expect(restored.randn([5])).toEqual(generator.randn([5]));
  });
});
