import { expect, test } from 'vitest';
import { compile } from '../../../src/graph/compiler/compile.ts';
import { controlNetStep } from '../../../src/graph/steps/controlnet-step.ts';
import { gradientPrefix } from '../../../src/graph/steps/step.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { createSession } from '../../../src/runtime/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../../src/weights/checkpoint.ts';
import { smallModelPath } from '../../support/golden.ts';
import { openStep } from './small-step.ts';

test('rows that share a map have the gradients of rows that are each given it', async () => {
  const { session, given, weights } = await openStep('sd15-tiny');
  const image = given['image'] as Tensor;
  const [rows = 0] = image.dims;
  expect(rows).toBe(2);
  const one = image.data.slice(0, image.data.length / 2);
  const both = { dims: image.dims, data: Float32Array.from([...one, ...one]) };
  const apart = await session.run({ ...given, ...weights, image: both });
  await session.release();

  const { unet } = await openBaseCheckpoint(smallModelPath('models', 'sd15-tiny'));
  const { controlnet } = await openControlNetCheckpoint(smallModelPath('models', 'sd15-tiny', 'controlnet-a'));
  const [, , height = 0, width = 0] = given['sample']?.dims ?? [];
  const tokens = given['encoder_hidden_states']?.dims[1] ?? 0;
  const graph = controlNetStep(unet, controlnet, { rows, rowsOfMap: 2, height, width, tokens });
  const shared = await createSession(compile(graph), { provider: 'cpu', deviceId: 0, threads: 1 });
  const together = await shared.run({ ...given, ...weights, image: { dims: [1, ...image.dims.slice(1)], data: one } });
  await shared.release();

  const names = Object.keys(apart).filter((name) => name.startsWith(gradientPrefix));
  expect(names.some((name) => name.includes('cond_embedding'))).toBe(true);
  for (const name of names) {
    const [expected, got] = [apart[name]?.data, together[name]?.data] as [Float32Array, Float32Array];
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const apartBy = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (got[at] as number))), 0);
    // Sums in another order, in float32.
    expect(apartBy, name).toBeLessThanOrEqual(1e-4 * largest);
  }
});
