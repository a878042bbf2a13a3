import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/graph/compiler/compile.ts';
import { loraStep } from '../../../src/graph/steps/lora-step.ts';
import { gradientPrefix } from '../../../src/graph/steps/step.ts';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { maxAbsDifference, smallModelPath } from '../../support/golden.ts';
import { runOnce } from '../golden-model.ts';
import { references } from './small-step.ts';

describe.each([
  ['sd15-tiny', { layers: 'all', rank: 3, scale: 0.5 }],
  ['sdxl-tiny', { layers: 'all', rank: 2, scale: 1 }],
] as const)('a step of training a LoRA beside %s', (model, options) => {
  test('has the loss and the gradient of every factor that torch has in float64', async () => {
    const given = references(`lora-${model}`, 'given/');
    const factors = references(`lora-${model}`, 'factor/');
    const expected = references(`lora-${model}`, 'gradient/');
    const { unet } = await openBaseCheckpoint(smallModelPath('models', model));
    const [rows = 0, , height = 0, width = 0] = given['sample']?.dims ?? [];
    const tokens = given['encoder_hidden_states']?.dims[1] ?? 0;
    const graph = loraStep(unet, options, { rows, height, width, tokens });
    const outputs = await runOnce(compile(graph), { ...given, ...factors });
    const loss = references(`lora-${model}`, 'loss')['']?.data ?? [];
    expect(maxAbsDifference(outputs['loss']?.data ?? [], loss)).toBeLessThan(2e-6);
    expect(Object.keys(outputs).length - 1).toBe(Object.keys(expected).length);
    const worst = Object.entries(expected).map(([name, { dims, data }]) => {
      const actual = outputs[`${gradientPrefix}${name}`];
      expect(actual?.dims, name).toEqual(dims);
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return [maxAbsDifference(actual?.data ?? [], data) / largest, name] as const;
    });
    worst.sort(([a], [b]) => b - a);
    console.log(`${model}: ${worst.length} factors, worst ${worst[0]?.[0].toExponential(1)} of the largest`);
    expect(worst[0]?.[0], worst[0]?.[1]).toBeLessThan(1e-4);
  });
});
