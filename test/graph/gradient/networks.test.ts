import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/graph/compiler/compile.ts';
import { controlNetStep, gradientPrefix } from '../../../src/graph/steps/controlnet-step.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { createSession, type NetworkSession } from '../../../src/runtime/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../../src/weights/checkpoint.ts';
import { arraysOf, floats, maxAbsDifference, smallModelPath } from '../../support/golden.ts';

const models = ['sd15-tiny', 'sdxl-tiny'];

describe.each(models)('a step of training the ControlNet of %s', (model) => {
  const arrays = arraysOf(fileURLToPath(new URL(`${model}.safetensors`, import.meta.url)));
  const named = (prefix: string): Record<string, Tensor> =>
    Object.fromEntries(
      [...arrays].flatMap(([name, { dims }]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), { dims, data: floats(arrays, name) }]] : [],
      ),
    );
  const given = named('given/');
  const expected = named('gradient/');

  const opened = open(model, given);

  test('has the loss and the gradient of every weight that torch has in float64', async () => {
    const { session, weights } = await opened;
    const outputs = await session.run({ ...given, ...weights });
    expect(maxAbsDifference(outputs['loss']?.data ?? [], floats(arrays, 'loss'))).toBeLessThan(1e-6);
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
    const { session, weights } = await opened;
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

async function open(
  model: string,
  given: Readonly<Record<string, Tensor>>,
): Promise<{ readonly session: NetworkSession; readonly weights: Record<string, Tensor> }> {
  const { unet } = await openBaseCheckpoint(smallModelPath('models', model));
  const { controlnet } = await openControlNetCheckpoint(smallModelPath('models', model, 'controlnet-a'));
  const [rows = 0, , height = 0, width = 0] = given['sample']?.dims ?? [];
  const tokens = given['encoder_hidden_states']?.dims[1] ?? 0;
  const graph = controlNetStep(unet, controlnet, { rows, height, width, tokens });
  const session = await createSession(compile(graph), { provider: 'cpu', deviceId: 0, threads: 1 });
  const stored = arraysOf(smallModelPath('models', model, 'controlnet-a', 'diffusion_pytorch_model.safetensors'));
  const weights: Record<string, Tensor> = {};
  for (const { name, value } of graph.inputs) {
    if (name in given) continue;
    const part = /^(.*)\.([01])$/.exec(name);
    const whole = stored.has(name) || part === null ? name : (part[1] as string);
    const data = floats(stored, whole);
    const half = data.length / 2;
    const index = Number(part?.[2]);
    const dims = value.shape as readonly number[];
    weights[name] = { dims, data: whole === name ? data : data.subarray(index * half, (index + 1) * half) };
  }
  return { session, weights };
}

/** A weight's gradient, of its parts one after another where it comes in parts. */
function wholeOf(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const whole = outputs[name]?.data;
  if (whole !== undefined) return whole;
  return Float32Array.from([0, 1].flatMap((part) => [...(outputs[`${name}.${part}`]?.data ?? [])]));
}
