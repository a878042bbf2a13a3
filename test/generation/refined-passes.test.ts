import { expect, it } from 'vitest';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { storedGeneration } from '../../src/generation/kinds/generation/stored-plan.ts';
import { actsIn, passesOf } from '../../src/generation/passes.ts';
import { parametersText } from '../../src/drawing/parameters-text.ts';
import { planFor } from '../support/draw-request.ts';
import { photoModel } from '../support/photo-model.ts';

const runs = { low: { steps: 2, evaluations: 2 }, high: { steps: 1, evaluations: 1 } };
const refiner = { model: { id: 'fine', hash: 'h' }, switchAt: 0.6, below: 400, runs };
const hires = {
  model: { id: 'photo', hash: 'abc' },
  width: 128,
  height: 128,
  enlarged: { width: 128, height: 128 },
  upscaler: { id: 'lanczos', model: null },
  steps: 4,
  strength: 0.5,
  scheduler: 'ddim',
  schedule: null,
  sChurn: 0,
  eta: null,
  run: { steps: 3, evaluations: 3 },
  prompt: null,
  negativePrompt: null,
} as const;

it('a refiner draws the end of each pass that it says, of which prompts count all steps', () => {
  const plan = planFor(photoModel, {
    prompt: '[a:b:0.8]',
    steps: 5,
    run: { steps: 3, evaluations: 3 },
    refiner,
    hires,
  });
  const passes = passesOf(plan);
  expect(passes.map(({ stage, refines, leaves, model }) => [stage, refines, leaves, model.id])).toEqual([
    ['low', false, 'latents', 'photo'],
    ['low', true, 'picture', 'fine'],
    ['high', false, 'latents', 'photo'],
    ['high', true, 'picture', 'fine'],
  ]);
  expect(passes.map(({ part: { downTo, below } }) => [downTo, below])).toEqual([
    [400, undefined],
    [undefined, 400],
    [400, undefined],
    [undefined, 400],
  ]);
  expect(passes.map(({ takes }) => takes)).toMatchObject([null, 'goes on', { to: { width: 128 } }, 'goes on']);
  expect(passes.map(({ reading }) => reading.prompt.steps)).toEqual([
    { steps: 5, own: { from: 0, count: 3 } },
    { steps: 5, own: { from: 3, count: 2 } },
    { steps: 4, goesOnAfter: 5, own: { from: 0, count: 3 } },
    { steps: 4, goesOnAfter: 5, own: { from: 3, count: 1 } },
  ]);
  expect(passes.map((pass) => actsIn('both', pass))).toEqual([true, false, true, false]);
  expect(storedGeneration.read(storedGeneration.write(plan))).toEqual(plan);
  expect(parametersText(plan, 1)).toContain('Refiner: fine [h], Refiner switch at: 0.6');
});

it('costs what its steps cost, and the texts that it reads by itself', () => {
  const alone = planFor(photoModel, { steps: 5 });
  const both = planFor(photoModel, {
    steps: 5,
    run: { steps: 3, evaluations: 3 },
    refiner: { ...refiner, runs: { low: runs.low } },
  });
  expect(costOfDrawing(both)).toBe(costOfDrawing(alone) + 2 * 2048);
});
