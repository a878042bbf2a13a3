import { describe, expect, it } from 'vitest';
import { nextEvaluation, onceAStep, stepsDone } from '../../src/schedulers/evaluations.ts';
import type { Evaluation } from '../../src/schedulers/scheduler.ts';

/** Two evaluations in the first step, one in the last, as in Heun's method. */
const evaluations: readonly Evaluation[] = [
  { step: 0, stage: 0, timestep: 900, level: 8 },
  { step: 0, stage: 1, timestep: 400, level: 2 },
  { step: 1, stage: 0, timestep: 400, level: 2 },
];
const at = (evaluation: number) => ({ evaluation, latents: new Float32Array(), memory: {} });

describe('the evaluations of a run', () => {
  it('make a step when all of its own are done', () => {
    expect([0, 1, 2, 3].map((evaluation) => stepsDone({ evaluations }, at(evaluation)))).toEqual([0, 0, 1, 2]);
  });

  it('of none are no step', () => expect(stepsDone({ evaluations: [] }, at(0))).toBe(0));

  it('end', () => {
    expect(nextEvaluation(evaluations, at(2))).toBe(evaluations[2]);
    expect(() => nextEvaluation(evaluations, at(3))).toThrow('A run of 3 evaluations was asked for more');
  });

  it('are one a step in most samplers', () => {
    expect(onceAStep([900, 400], (step) => 8 - step)).toEqual([
      { step: 0, stage: 0, timestep: 900, level: 8 },
      { step: 1, stage: 0, timestep: 400, level: 7 },
    ]);
  });
});
