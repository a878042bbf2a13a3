import { describe, expect, it } from 'vitest';
import { progressAtEnd, progressIn } from '../../src/generation/cost.ts';

const run = { steps: 4, evaluations: 4 };
const pass = { width: 64, height: 64, scheduler: 'ddim', steps: 4, prompts: 1, guidanceScale: 7.5, run } as const;

describe('how far a drawing is', () => {
  it('in its only pass is the share of its steps', () => {
    expect([0, 1, 3, 4].map((step) => progressIn([pass], 0, step))).toEqual([
      { step: 0, steps: 4, share: 0 },
      { step: 1, steps: 4, share: 0.25 },
      { step: 3, steps: 4, share: 0.75 },
      { step: 4, steps: 4, share: 1 },
    ]);
  });

  it('in one of several counts what each of them costs', () => {
    // Three times as much as the first.
    const second = { ...pass, width: 192 };
    expect(progressIn([pass, second], 0, 4)).toEqual({ step: 4, steps: 8, share: 0.25 });
    expect(progressIn([pass, second], 1, 0)).toEqual({ step: 4, steps: 8, share: 0.25 });
    expect(progressIn([pass, second], 1, 2)).toEqual({ step: 6, steps: 8, share: 0.625 });
    expect(progressIn([pass, second], 2, 0)).toEqual({ step: 8, steps: 8, share: 1 });
  });

  it('counts the steps at which deep layers are worked out whole, and the others by their share', () => {
    const kept = { ...pass, model: { id: 'm', hash: 'h' }, deepCache: { every: 3, depth: 0, shares: { m: 0.25 } } };
    // 1, 1/4, 1/4, 1
    const shares = [0, 1, 2, 3, 4].map((step) => progressIn([kept], 0, step).share);
    for (const [step, done] of [0, 1, 1.25, 1.5, 2.5].entries()) expect(shares[step]).toBeCloseTo(done / 2.5, 12);
    expect(progressIn([kept], 0, 0, 1, 0.5).share).toBeCloseTo(0.5 / 2.5, 12);
    // Guidance begins at the second step, which is worked out whole for both rows: 1/2, 1, 1/4, 1.
    const late = { ...kept, guidanceWindow: { start: 0.25, end: 1 } };
    for (const [step, done] of [0, 0.5, 1.5, 1.75, 2.75].entries()) {
      expect(progressIn([late], 0, step).share).toBeCloseTo(done / 2.75, 12);
    }
    // The model of each pass has its own share.
    expect(progressIn([kept, { ...pass }], 0, 4).share).toBeCloseTo(2.5 / 6.5, 12);
  });

  it('counts evaluations, and shows the steps that are really made', () => {
    // Heun's method: two evaluations a step, but one in the last.
    const heun = { ...pass, run: { steps: 4, evaluations: 7 } };
    const { share, ...shown } = progressIn([pass, heun], 1, 2);
    expect(shown).toEqual({ step: 6, steps: 8 });
    expect(share).toBeCloseTo((4 + 3.5) / 11, 12);
  });

  it('at the end is all of it', () => {
    const prompts = { prompt: '', negativePrompt: '', promptSyntax: 'a1111' } as const;
    const rest = {
      ...prompts,
      guidanceScale: 1,
      guidanceRescale: 0,
      schedule: null,
      sChurn: 0,
      eta: null,
      seed: 0,
      clipSkip: 0,
    };
    const flags = { strict: false, evaluate: false, output: { format: 'png', quality: 90, metadata: true } } as const;
    const model = { id: 'm', hash: 'h' };
    const noise = { sdeNoise: 'path' } as const;
    const plan = {
      kind: 'generation',
      model,
      ...pass,
      ...rest,
      ...flags,
      ...noise,
      count: 2,
      controls: [],
      bestOf: 3,
    } as const;
    expect(progressAtEnd(plan)).toEqual({ step: 4, steps: 4, share: 1 });
  });
});
