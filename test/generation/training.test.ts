import { describe, expect, test } from 'vitest';
import { heldOutOf, resolveTrained, resolveTraining } from '../../src/generation/kinds/training/resolve.ts';
import { check } from '../../src/generation/parse.ts';
import { type TrainingRequest, trainingRequest } from '../../src/generation/request/training.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import { CounterRandom } from '../../src/numeric/counter-random.ts';
import { noised } from '../../src/training/noised.ts';
import { smallBase } from '../training/small-training.ts';

const lora = { kind: 'lora', steps: 10 };
const controlNet = { kind: 'controlnet', condition: 'canny', steps: 10 };
const asked = (request: object): TrainingRequest => check(trainingRequest, request);
const base = await smallBase('sd15-tiny');
const resolved = (request: object) =>
  resolveTraining(asked(request), {
    trained: resolveTrained(asked(request), base, 'given'),
    base,
    vae: null,
    init: null,
    halvings: 3,
    name: 'given',
    seed: 7,
    pairs: 30,
    heldOut: 0,
  });

describe('a training', () => {
  test('has the defaults of its kind', () => {
    expect(resolved(lora)).toMatchObject({
      name: 'given',
      seed: 7,
      steps: 10,
      batch: 1,
      learningRate: 1e-4,
      promptDropout: 0.05,
      schedule: 'constant',
      ema: null,
      resolution: { width: base.defaults.width, height: base.defaults.height },
      trained: { rank: 16, alpha: 16, targets: ['attention'], condition: null },
    });
    expect(resolved(controlNet)).toMatchObject({
      learningRate: 1e-5,
      promptDropout: 0.5,
      trained: { condition: 'canny' },
    });
    expect(resolved({ ...lora, rank: 8 })).toMatchObject({ trained: { rank: 8, alpha: 8 } });
  });

  test('of epochs has so many steps that each picture comes as often', () => {
    const epochs = { kind: 'lora', epochs: 2, batch: 4, accumulation: 2 };
    expect(resolved(epochs).steps).toBe(8);
    expect(resolved({ ...epochs, epochs: 0.01 }).steps).toBe(1);
  });

  test('holds pairs out where it is looked at, or where a share is told', () => {
    expect(heldOutOf(asked(lora), 30)).toBe(0);
    expect(heldOutOf(asked({ ...lora, validation: {} }), 3000)).toBe(64);
    expect(heldOutOf(asked({ ...lora, validation: {} }), 30)).toBe(3);
    expect(heldOutOf(asked({ ...lora, validation: {} }), 4)).toBe(2);
    expect(heldOutOf(asked({ ...lora, validation_split: 0.25 }), 100)).toBe(25);
    expect(() => heldOutOf(asked({ ...lora, validation: {} }), 2)).toThrow('more than the 2 pairs that are held out');
    const few = { ...controlNet, validation: {}, validation_split: 0.1 };
    expect(() => heldOutOf(asked(few), 10)).toThrow('holds 2 pairs out at least');
  });

  test.each([
    [
      'steps and epochs',
      { ...lora, epochs: 2 },
      'Expected one of steps, epochs and minutes but received steps and epochs',
    ],
    ['no length', { kind: 'lora' }, 'Expected one of steps, epochs and minutes but received none of them'],
    ['a longer warmup', { ...lora, warmup: 11 }, 'Expected a warmup within the 10 steps but received 11'],
    ['a size between', { ...lora, resolution: [96, 64] }, 'in multiples of 64 pixels for sd15-tiny but received 96x64'],
    ['a LoRA for maps', { ...lora, condition: 'canny' }, 'Expected no condition for a LoRA'],
    ['moved maps of none', { ...lora, map_jitter: 2 }, 'Expected no map_jitter for a LoRA'],
    ['timesteps of no map', { ...lora, timesteps_per_map: 2 }, 'Expected no timesteps_per_map for a LoRA'],
    ['mlp alone', { ...lora, targets: ['mlp'] }, 'attention, mlp; or attention, mlp, conv as targets but received mlp'],
    ['maps of nothing', { kind: 'controlnet', steps: 1 }, 'Expected the condition of the maps (canny,'],
    ['a name in capitals', { ...controlNet, condition: 'My_Lines' }, 'a name of your own, 2 to 40 of a-z, 0-9 and "-"'],
    ['what is averaged', { ...controlNet, condition: 'shuffle' }, 'but received "shuffle"'],
    ['an averaged file', { ...controlNet, name: 'my-shuffle' }, 'Expected a name without shuffle for a ControlNet'],
    ['an averaged name', { ...controlNet, condition: 'my-shuffle' }, 'without shuffle in it'],
  ])('of %s is refused', (_, request, message) => {
    expect(() => resolved(request)).toThrow(message);
  });

  test.each([
    ['is made for inpainting', { task: 'inpainting' }],
    ['takes its guidance as an input', { embedsGuidance: true }],
    ['is a refiner', { added: { textWidth: 8, zeroNegative: false, refines: true } }],
    ['was distilled to draw in few steps (lcm)', { distilled: { as: 'lcm', decidedBy: 'user', source: '' } }],
    ['ends in noise without any signal', { prediction: { ...base.prediction, type: 'epsilon', zeroSnr: true } }],
  ] as const)('beside a base that %s is refused', (reason, changed) => {
    const other = { ...base, ...changed } as BaseModel;
    expect(() => resolveTrained(asked(lora), other, 'given')).toThrow(reason);
  });

  test('takes names of its own for maps', () => {
    expect(resolved({ ...controlNet, condition: 'my-sketch' }).trained.condition).toBe('my-sketch');
  });
});

describe('random numbers of a place', () => {
  const random = new CounterRandom(5);

  test('are the same however many are asked for, and others in any other place', () => {
    const normals = random.normals([1, 2, 3], 10);
    expect(random.normals([1, 2, 3], 4)).toEqual(normals.subarray(0, 4));
    for (const place of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ] as const)
      expect(random.normals(place, 10)).not.toEqual(normals);
    expect(new CounterRandom(5 + 2 ** 32).normals([1, 2, 3], 10)).not.toEqual(normals);
  });

  test('are spread as they are to be', () => {
    const [normals, uniforms] = [random.normals([0, 0, 1], 40_000), random.uniforms([0, 0, 2], 40_000)];
    const mean = (values: Float32Array, of: (value: number) => number): number =>
      values.reduce((sum, value) => sum + of(value), 0) / values.length;
    expect(mean(normals, (x) => x)).toBeCloseTo(0, 1);
    expect(mean(normals, (x) => x ** 2)).toBeCloseTo(1, 1);
    expect(mean(normals, (x) => x ** 4)).toBeCloseTo(3, 0);
    expect(mean(uniforms, (x) => x)).toBeCloseTo(0.5, 2);
    expect(mean(uniforms, (x) => x ** 2)).toBeCloseTo(1 / 3, 2);
    expect(uniforms.every((value) => value >= 0 && value < 1)).toBe(true);
  });
});

test('noise and signal keep their power, and v leads from one to the other', () => {
  const [latents, noise] = [Float32Array.of(2, -1), Float32Array.of(0.5, 3)];
  const at = (kind: 'epsilon' | 'v_prediction' | 'sample') => noised(latents, noise, 0.64, kind);
  expect([...at('epsilon').sample].map((value) => Number(value.toFixed(5)))).toEqual([1.9, 1]);
  expect(at('epsilon').target).toBe(noise);
  expect(at('sample').target).toBe(latents);
  expect([...at('v_prediction').target].map((value) => Number(value.toFixed(5)))).toEqual([-0.8, 3]);
});
