import { describe, expect, it } from 'vitest';
import { actsAt } from '../../../src/generation/window.ts';
import { controlWeights } from '../../../src/pipeline/controls/control-weights.ts';
import { goldenJson, goldenModels } from '../../support/golden.ts';

describe('weights of a control by mode', () => {
  it('balanced: the scale at every point of all rows', () => {
    const { prompt, others } = controlWeights('balanced', 0.75, 13);
    expect([...prompt]).toEqual(Array.from({ length: 13 }, () => 0.75));
    expect(others).toEqual(prompt);
  });

  it('prompt: 0.825 to the distance from the middle block, all rows', () => {
    const { prompt, others } = controlWeights('prompt', 1, 13);
    expect(prompt[12]).toBe(1);
    expect(prompt[0]).toBeCloseTo(0.825 ** 12, 6);
    expect(others).toEqual(prompt);
  });

  it('control: the same profile, and rows of another role are left alone', () => {
    expect(controlWeights('control', 1, 10).prompt).toEqual(controlWeights('prompt', 1, 10).prompt);
    expect(controlWeights('control', 1, 10).others).toBeNull();
  });

  const guessed = goldenModels().flatMap((name) => {
    const { guess_mode_scales: expected } = goldenJson<{ guess_mode_scales?: number[] }>('models', name, 'golden.json');
    return expected === undefined ? [] : [{ name, expected }];
  });

  it.each(guessed)('guess: the scales that diffusers uses for $name, prompt rows only', ({ expected }) => {
    // The middle block, which is the last point, has the whole scale.
    const { prompt, others } = controlWeights('guess', expected.at(-1)!, expected.length);
    expected.forEach((weight, point) => expect(prompt[point]).toBeCloseTo(weight, 6));
    expect(others).toBeNull();
  });
});

describe('the window in which a control acts', () => {
  const active = (start: number, end: number, steps: number): number[] =>
    Array.from({ length: steps }, (_, index) => index).filter((index) => actsAt({ start, end }, index, steps));

  it('0 to 1 is every step', () => expect(active(0, 1, 5)).toEqual([0, 1, 2, 3, 4]));
  it('leaves out steps that begin before the start or end after the end', () =>
    expect(active(0.2, 0.7, 5)).toEqual([1, 2]));
  it('an empty window is no step', () => expect(active(0.5, 0.5, 4)).toEqual([]));
});
