import { expect, test } from 'vitest';
import { tookHoldAt, type ValidationFigures } from '../../src/generation/validation-figures.ts';
import { holds } from '../../src/training/control-obedience.ts';
import { stepsWithin } from '../../src/training/settle-plan.ts';

test.each([
  [100, { step: 1, look: 0, every: 1 }, 100],
  [100, { step: 1, look: 10, every: 10 }, 50],
  // A look after ten steps, and one after the last five.
  [35, { step: 1, look: 10, every: 10 }, 15],
  [34.9, { step: 1, look: 10, every: 10 }, 14],
  [25, { step: 1, look: 10, every: 10 }, 10],
  [5, { step: 1, look: 10, every: 10 }, 0],
  [-5, { step: 1, look: 0, every: 10 }, 0],
])('of %f s, steps with their looks take no more: %o', (seconds, pace, steps) => {
  expect(stepsWithin(seconds, pace)).toBe(steps);
});

test.each([
  ['0 1 1', [null, null, 1]],
  ['1 0 1 1 1 0 1 1', [null, null, null, 2, null, null, null, null]],
  ['1 1 1', [null, 0, null]],
])('a control that acts twice running has taken hold the first time, and is said to once: %s', (acts, expected) => {
  const figures = acts.split(' ').map((one, step) => ({ step, holds: one === '1' }) as ValidationFigures);
  expect(figures.map((one, at) => tookHoldAt(one, figures.slice(0, at)))).toEqual(expected);
});

test.each([
  [0.31, [0.1, 0.5], 0.7, true],
  [0.3, [0.1, 0.5], 0.7, false],
  [0.2, [0.1, 0.5], 0.3, true],
  [0.1, [0.05, 0.5], 0.3, false],
  // By chance, under a ceiling that says that true pictures cannot be measured either.
  [0, [-0.1, 0.1], -0.05, false],
  [0.04, [-0.1, 0.1], 0.02, false],
] as const)('g of %f in %j under a ceiling of %f: it acts: %s', (g, interval, ceiling, acts) => {
  expect(holds({ g, interval }, ceiling)).toBe(acts);
});
