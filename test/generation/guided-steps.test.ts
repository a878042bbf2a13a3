import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../src/generation/catalog.ts';
import { costOfDrawing, progressIn } from '../../src/generation/cost.ts';
import { isGuidedAt } from '../../src/generation/guided-steps.ts';
import { modelList } from '../../src/generation/models/model-list.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { passesOf } from '../../src/generation/passes.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import { photoModel } from '../support/photo-model.ts';

const size = { width: 64, height: 64 };

function resolve(body: object) {
  return resolveGeneration(parseGeneration({ prompt: 'x', ...size, steps: 10, ...body }), {
    catalog: catalogOf(modelList([photoModel])),
    defaultModel: 'photo',
    given: [],
    randomSeed: () => 1,
    embedParameters: true,
  });
}

function guidedSteps(body: object): readonly (readonly number[])[] {
  return passesOf(resolve(body).plan).map((pass) =>
    Array.from({ length: pass.run.steps }, (_, step) => step).filter((step) => isGuidedAt(pass, step)),
  );
}

describe('the steps at which guidance acts', () => {
  it.each<[object, readonly (readonly number[])[]]>([
    [{}, [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]],
    [{ guidance_end: 0.4 }, [[0, 1, 2, 3]]],
    [{ guidance_start: 0.25, guidance_end: 0.75 }, [[3, 4, 5, 6]]],
    [{ guidance_start: 1 }, [[]]],
    [
      { guidance_end: 0.5, hires: { scale: 2, steps: 4 } },
      [
        [0, 1, 2, 3, 4],
        [0, 1],
      ],
    ],
  ])('of %j', (body, expected) => {
    expect(guidedSteps(body)).toEqual(expected);
  });

  it('of the end of a run that another model began go on with its steps', () => {
    const steps = { steps: 10, own: { from: 4, count: 6 } };
    const reading = { prompt: { within: '', steps }, negative: { within: '', steps } };
    const pass = { guidanceWindow: { start: 0, end: 0.6 }, run: { steps: 6, evaluations: 6 }, reading };
    expect([0, 1, 2, 3].map((step) => isGuidedAt(pass, step))).toEqual([true, true, false, false]);
  });

  it('are all where nothing is said, and the plan is what it was', () => {
    expect(resolve({}).plan).not.toHaveProperty('guidanceWindow');
    expect(resolve({ guidance_start: 0, guidance_end: 1 }).plan).not.toHaveProperty('guidanceWindow');
  });

  it('cost one, the others half of that, and so does the progress through them', () => {
    const { plan } = resolve({ guidance_end: 0.4 });
    const whole = costOfDrawing(resolve({}).plan);
    expect(costOfDrawing(plan)).toBe(whole * 0.7);
    const passes = passesOf(plan);
    const shares = [0, 4, 7, 10].map((step) => progressIn(passes, 0, step).share);
    for (const [index, share] of [0, 4 / 7, 5.5 / 7, 1].entries()) expect(shares[index]).toBeCloseTo(share, 12);
    // AND asks about the negative prompt at every step.
    const composed = { prompt: 'x AND y' };
    expect(costOfDrawing(resolve({ ...composed, guidance_end: 0.4 }).plan)).toBe(costOfDrawing(resolve(composed).plan));
  });

  it('cost whole pixel steps, which messages about quotas name', () => {
    const cost = costOfDrawing(resolve({ guidance_end: 0.3, scheduler: 'heun' }).plan);
    expect([cost, Number.isInteger(cost)]).toEqual([Math.round(64 * 64 * 19 * 0.65), true]);
  });

  it('end not before they begin', () => {
    expect(() => resolve({ guidance_start: 0.6, guidance_end: 0.4 })).toThrow(
      /guidance_start to be at most guidance_end, 0\.4, but received 0\.6/,
    );
  });

  it.each<[object, string]>([
    [{ guidance_start: 0.95 }, 'guidance acts at no step: its window, 0.95 to 1, holds no whole step.'],
    [
      { guidance_end: 0.5, guidance_scale: 1 },
      'guidance_start and guidance_end have no effect while guidance_scale is 1.',
    ],
  ])('of %j are said to do nothing', (body, warning) => {
    expect(resolve(body).warnings).toEqual([warning]);
  });
});
