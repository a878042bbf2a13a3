import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { gradientPrefix } from '../../../src/graph/steps/step.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { adamW, noMoments } from '../../../src/training/optimizer/adamw.ts';
import { average } from '../../../src/training/optimizer/averaging.ts';
import { clippingScale, gradientNorm } from '../../../src/training/optimizer/clipping.ts';
import { arraysOf, floats } from '../../support/golden.ts';
import { openStep, wholeOf } from '../../graph/gradient/small-step.ts';

const here = (name: string): string => fileURLToPath(new URL(`../../graph/gradient/${name}`, import.meta.url));
const { float32_of_torch: ofTorch } = JSON.parse(readFileSync(here('trained.json'), 'utf8')) as {
  readonly float32_of_torch: Readonly<Record<string, number>>;
};

/**
 * How far four steps may lead away. The first ones divide each gradient by its own size, so that a few weights whose gradients are nearly nothing move by how a
 * processor's kernels round: 1e-4 holds for those of AVX-512; those of AVX2 come to 1.27e-4, at every level of optimization, and are held to what torch's own float32 does.
 */
const mostAfterFour = hasWideVectors() ? 1e-4 : (ofTorch['4'] ?? 0);

function hasWideVectors(): boolean {
  return !existsSync('/proc/cpuinfo') || readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f');
}

describe('AdamW', () => {
  test('leads a small ControlNet where torch leads it in float64', async () => {
    const { session, given, weights } = await openStep('sd15-tiny');
    const start = new Map(Object.entries(weights).map(([name, { data }]) => [name, data.slice()]));
    const moments = new Map([...start].map(([name, { length }]) => [name, noMoments(length)]));
    for (let step = 1; step <= 30; step++) {
      const outputs = await session.run({ ...given, ...weights });
      const gradients = new Map(
        [...start.keys()].map((name) => [name, (outputs[`${gradientPrefix}${name}`] as Tensor).data]),
      );
      const scale = clippingScale(gradientNorm(gradients.values()), 1);
      for (const [name, gradient] of gradients) {
        const { data } = weights[name] as Tensor;
        adamW(data, gradient, moments.get(name) ?? noMoments(0), { step, learningRate: 1e-4, scale });
      }
      if (step === 4) expect(distance(step, weights, start)).toBeLessThan(mostAfterFour);
      if (step === 30) expect(distance(step, weights, start)).toBeLessThan(1.5 * (ofTorch['30'] ?? 0));
    }
  });

  test('shortens gradients that are longer than asked, together', () => {
    const norm = gradientNorm([new Float32Array([3]), new Float32Array([0, 4])]);
    expect(norm).toBe(5);
    expect(clippingScale(norm, 1)).toBeCloseTo(0.2, 6);
    expect(clippingScale(0.5, 1)).toBe(1);
    expect(gradientNorm([new Float32Array([1, Number.NaN])])).toBeNaN();
  });

  test('keeps an average that follows the weights', () => {
    const averages = new Float32Array([1, 0]);
    average(averages, new Float32Array([0, 4]), 0.75);
    expect([...averages]).toEqual([0.75, 1]);
  });
});

/** How far the weights are from where torch leads them, over how far it moves them. */
function distance(
  steps: number,
  weights: Readonly<Record<string, Tensor>>,
  start: ReadonlyMap<string, Float32Array>,
): number {
  const moved = Object.fromEntries(
    Object.entries(weights).map(([name, { dims, data }]) => [
      name,
      { dims, data: data.map((value, index) => value - (start.get(name)?.[index] ?? 0)) },
    ]),
  );
  const expected = arraysOf(here('trained.safetensors'));
  let [off, all] = [0, 0];
  for (const name of expected.keys()) {
    if (!name.startsWith(`${steps}/`)) continue;
    const reference = floats(expected, name);
    const actual = wholeOf(moved, name.slice(`${steps}/`.length));
    expect(actual.length, name).toBe(reference.length);
    reference.forEach((value, index) => {
      off += ((actual[index] ?? 0) - value) ** 2;
      all += value ** 2;
    });
  }
  return Math.sqrt(off / all);
}
