import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { rolesOf } from '../../src/generation/row-roles.ts';
import { guide, joinAnswers, rescaleGuided } from '../../src/pipeline/guidance.ts';

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

describe('the answers to the rows of a sample', () => {
  const prompt = { role: 'prompt', weight: 1, prediction: Float32Array.of(2, 0, 5) } as const;
  const negative = { role: 'negative', weight: 1, prediction: Float32Array.of(1, 2, -1) } as const;

  it('are two with guidance, one without', () => {
    expect(rolesOf({ scale: 7.5 })).toEqual(['negative', 'prompt']);
    expect(rolesOf({ scale: 1 })).toEqual(['prompt']);
  });

  it('are the answer to the prompt where it is alone', () => {
    expect(joinAnswers([prompt], { scale: 1, rescale: 0.7 })).toEqual(prompt.prediction);
  });

  it('are guided where there are two, in whatever order', () => {
    const guided = guide(negative.prediction, prompt.prediction, 3);
    expect(joinAnswers([negative, prompt], { scale: 3, rescale: 0 })).toEqual(guided);
    expect(joinAnswers([prompt, negative], { scale: 3, rescale: 0 })).toEqual(guided);
  });

  it('are rescaled where that is asked for', () => {
    const guided = guide(negative.prediction, prompt.prediction, 3);
    const rescaled = rescaleGuided(guided, prompt.prediction, 0.5);
    expect(joinAnswers([negative, prompt], { scale: 3, rescale: 0.5 })).toEqual(rescaled);
  });

  it('have the negative one wherever several prompts are composed', () => {
    expect(rolesOf({ scale: 1 }, 2)).toEqual(['negative', 'prompt', 'prompt']);
    expect(rolesOf({ scale: 5 }, 3)).toEqual(['negative', 'prompt', 'prompt', 'prompt']);
  });

  it('are composed of several prompts by what each has more than the negative one, and then guided', () => {
    const half = { ...prompt, weight: 0.5 };
    const other = { role: 'prompt', weight: -2, prediction: Float32Array.of(3, 3, 3) } as const;
    // negative + scale * (0.5 * (prompt - negative) - 2 * (other - negative))
    const joined = (scale: number) => [...joinAnswers([negative, half, other], { scale, rescale: 0 })];
    expect(joined(1)).toEqual([-2.5, -1, -6]);
    expect(joined(2)).toEqual([-6, -4, -11]);
    const whole = Float32Array.from(joined(1));
    const rescaled = rescaleGuided(Float32Array.from(joined(2)), whole, 0.5);
    expect(joinAnswers([negative, half, other], { scale: 2, rescale: 0.5 })).toEqual(rescaled);
  });

  it('are the guided one where the others weigh nothing', () => {
    const nothing = { role: 'prompt', weight: 0, prediction: Float32Array.of(9, 9, 9) } as const;
    const alone = joinAnswers([negative, prompt], { scale: 3, rescale: 0 });
    expect(joinAnswers([negative, prompt, nothing], { scale: 3, rescale: 0 })).toEqual(alone);
  });

  it('hold one to the prompt', () => {
    expect(() => joinAnswers([negative], { scale: 3, rescale: 0 })).toThrow(/without a row for its prompt/);
  });
});
