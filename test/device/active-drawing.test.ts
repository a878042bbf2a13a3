import { expect, it } from 'vitest';
import { beginDrawing, stepsDone } from '../../src/device/active-drawing.ts';
import type { PreparedDrawing } from '../../src/device/prepare-drawing.ts';
import type { DrawRequest } from '../../src/device/protocol.ts';
import { sample } from '../pipeline/denoise-loop/toy-sample.ts';

it('a drawing is as far as its last picture, and says what its pictures have done in the mean', () => {
  const samples = [0, 3, 4].map((evaluation) => {
    const one = sample({ steps: 4 });
    one.state = { ...one.state, evaluation };
    return one;
  });
  const prepared = { samples, view: null, warnings: [] } as unknown as PreparedDrawing;
  expect(stepsDone(beginDrawing({} as DrawRequest, prepared))).toEqual({ step: 0, mean: 7 / 3 });
});
