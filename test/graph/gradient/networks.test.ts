import { describe, expect, test } from 'vitest';
import { gradientPrefix } from '../../../src/graph/steps/step.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { maxAbsDifference } from '../../support/golden.ts';
import { openStep, references, wholeOf } from './small-step.ts';

const models = ['sd15-tiny', 'sdxl-tiny'];

describe.each(models)('a step of training the ControlNet of %s', (model) => {
  const expected = references(model, 'gradient/');

  const opened = openStep(model);

  test('has the loss and the gradient of every weight that torch has in float64', async () => {
    const { session, given, weights } = await opened;
    const outputs = await session.run({ ...given, ...weights });
    expect(maxAbsDifference(outputs['loss']?.data ?? [], references(model, 'loss')['']?.data ?? [])).toBeLessThan(1e-6);
    const worst = Object.entries(expected).map(([name, { data }]) => {
      const actual = wholeOf(outputs, `${gradientPrefix}${name}`);
      expect(actual.length, name).toBe(data.length);
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return [maxAbsDifference(actual, data) / largest, name] as const;
    });
    worst.sort(([a], [b]) => b - a);
    expect(worst.length).toBeGreaterThan(100);
    expect(Object.keys(outputs).length - 1).toBe(Object.keys(weights).length);
    console.log(
      `${model}: ${worst.length} weights, worst ${worst[0]?.[0].toExponential(1)} of the largest (${worst[0]?.[1]})`,
    );
    expect(worst[0]?.[0], worst[0]?.[1]).toBeLessThan(1e-4);
  });

  test('goes down the gradient as the gradient says', async () => {
    const { session, given, weights } = await opened;
    const weighted = async (at: Record<string, Tensor>): Promise<number> => {
      const { loss } = await session.run({ ...given, ...at });
      const shares = given['weights']?.data ?? [];
      return [...(loss?.data ?? [])].reduce((sum, value, row) => sum + (value * (shares[row] ?? 0)) / shares.length, 0);
    };
    const outputs = await session.run({ ...given, ...weights });
    const slopes = Object.keys(weights).map((name) => outputs[`${gradientPrefix}${name}`]?.data ?? new Float32Array());
    const length = Math.sqrt(slopes.reduce((sum, one) => one.reduce((all, value) => all + value ** 2, sum), 0));
    const moved = (by: number): Record<string, Tensor> =>
      Object.fromEntries(
        Object.entries(weights).map(([name, { dims, data }], index) => [
          name,
          { dims, data: data.map((value, at) => value + (by * (slopes[index]?.[at] ?? 0)) / length) },
        ]),
      );
    const slope = async (step: number): Promise<number> =>
      ((await weighted(moved(step))) - (await weighted(moved(-step)))) / (2 * step);
    // Two steps, so that what the third derivative adds falls out (Richardson's extrapolation).
    const difference = (4 * (await slope(2e-3)) - (await slope(4e-3))) / 3;
    expect(Math.abs(difference / length - 1)).toBeLessThan(5e-4);
  });
});
