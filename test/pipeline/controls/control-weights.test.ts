import { describe, expect, it } from 'vitest';
import { actsAt, controlWeights } from '../../../src/pipeline/controls/control-weights.ts';
import { goldenJson } from '../../support/golden.ts';

describe('weights of a control by mode', () => {
  it('balanced: the scale at every point of both halves', () => {
    const { conditional, unconditional } = controlWeights('balanced', 0.75, 13);
    expect([...conditional]).toEqual(Array.from({ length: 13 }, () => 0.75));
    expect(unconditional).toEqual(conditional);
  });

  it('prompt: 0.825 to the distance from the middle block, both halves', () => {
    const { conditional, unconditional } = controlWeights('prompt', 1, 13);
    expect(conditional[12]).toBe(1);
    expect(conditional[0]).toBeCloseTo(0.825 ** 12, 6);
    expect(unconditional).toEqual(conditional);
  });

  it('control: the same profile, and the unconditional half is left alone', () => {
    expect(controlWeights('control', 1, 10).conditional).toEqual(controlWeights('prompt', 1, 10).conditional);
    expect(controlWeights('control', 1, 10).unconditional).toBeNull();
  });

  it('guess: the scales that diffusers uses, conditional half only', () => {
    const { guess_mode_scales: expected } = goldenJson<{ guess_mode_scales: number[] }>(
      'models',
      'sd15-tiny',
      'golden.json',
    );
    const { conditional, unconditional } = controlWeights('guess', 0.8, expected.length);
    expected.forEach((scale, point) => expect(conditional[point]).toBeCloseTo(scale, 6));
    expect(unconditional).toBeNull();
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
