import { describe, expect, test } from 'vitest';
import { findCondition } from '../../src/conditions/registry.ts';
import { type ModelList, noModels } from '../../src/generation/models/model-list.ts';
import { generationView } from '../../src/generation/kinds/generation/effective.ts';
import { storedGeneration } from '../../src/generation/kinds/generation/stored-plan.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { passesOf } from '../../src/generation/passes.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';

const sdxl: BaseModel = {
  kind: 'base',
  distilled: null,
  task: 'drawing',
  id: 'large',
  title: 'Large',
  licence: null,
  owner: null,
  hash: 'abc',
  path: '/models',
  layout: 'single-file',
  family: {
    name: 'sdxl',
    contextWidth: 2048,
    latentChannels: 4,
    blockChannels: [320, 640, 1280],
    layersPerBlock: 2,
  },
  textLayers: 12,
  added: { textWidth: 768, zeroNegative: true, refines: false },
  prediction: { type: 'epsilon', zeroSnr: false, decidedBy: 'marker', source: 'its marker', contradiction: null },
  schedule: noiseScheduleFrom(stableDiffusionSchedule),
  latentScale: 8,
  featurePlaces: [],
  deepShares: [0.1, 0.2, 0.5],
  crossAttentions: [],
  scalingFactor: 0.18215,
  vae: null,
  defaults: { width: 1024, height: 1024, steps: 25, guidanceScale: 7, scheduler: 'euler' },
};
const sd1: BaseModel = {
  ...sdxl,
  id: 'small',
  added: null,
  family: { ...sdxl.family, name: 'sd1', contextWidth: 768, blockChannels: [320, 640, 1280, 1280] },
};

function resolve(request: object, base: BaseModel = sdxl, bases: readonly BaseModel[] = [sd1, sdxl]) {
  const models: ModelList = {
    ...noModels,
    bases: [...bases.filter(({ id }) => id !== base.id), base],
  };
  return resolveGeneration(parseGeneration({ prompt: 'a cube', ...request }), {
    catalog: { models, condition: findCondition },
    defaultModel: base.id,
    given: [],
    randomSeed: () => 77,
    embedParameters: true,
  });
}

describe('what SDXL is told beside the prompts', () => {
  test('is the size of the pass where nothing is said', () => {
    const { plan } = resolve({ width: 1216, height: 832 });
    expect(generationView(plan, () => null)).toMatchObject({
      prompt_2: 'a cube',
      original_size: [832, 1216],
      crops_coords_top_left: [0, 0],
      target_size: [832, 1216],
      negative_original_size: [832, 1216],
      negative_crops_coords_top_left: [0, 0],
      negative_target_size: [832, 1216],
    });
    expect(passesOf(plan)[0]?.added).toEqual(plan.added);
  });

  test('beside the negative prompt it is what is said beside the prompt, field by field', () => {
    const sizes = { original_size: [768, 1024], crops_coords_top_left: [8, 24], target_size: [512, 640] };
    const { plan } = resolve({ ...sizes, negative_target_size: [32, 64] });
    expect(plan.added?.sizes).toEqual({
      prompt: { original: [768, 1024], crop: [8, 24], target: [512, 640] },
      negative: { original: [768, 1024], crop: [8, 24], target: [32, 64] },
    });
  });

  test.each([
    ['left out', {}, true, null],
    ['null', { negative_prompt: null }, true, null],
    ['empty', { negative_prompt: '' }, false, ''],
    ['given', { negative_prompt: 'blurry' }, false, 'blurry'],
  ])('a negative prompt that is %s', (_, request, zeroNegative, shown) => {
    const { plan } = resolve(request);
    expect(plan.added?.zeroNegative).toBe(zeroNegative);
    expect(generationView(plan, () => null)).toMatchObject({ negative_prompt: shown, negative_prompt_2: shown });
    const other = resolve(request, { ...sdxl, added: { textWidth: 768, zeroNegative: false, refines: false } }).plan;
    expect(other.added?.zeroNegative).toBe(false);
    expect(generationView(other, () => null).negative_prompt).toBe(shown ?? '');
  });

  test('the second encoder reads texts of its own', () => {
    const texts = { prompt_2: 'at night', negative_prompt: 'a', negative_prompt_2: 'b' };
    expect(generationView(resolve(texts).plan, () => null)).toMatchObject(texts);
    expect(() => resolve({ negative_prompt_2: 'b' })).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'negative_prompt_2' }),
    );
  });

  test.each([
    { prompt_2: 'x' },
    { negative_prompt_2: 'x' },
    { original_size: [8, 8] },
    { crops_coords_top_left: [0, 0] },
    { target_size: [8, 8] },
    { negative_original_size: [8, 8] },
    { negative_crops_coords_top_left: [0, 0] },
    { negative_target_size: [8, 8] },
  ])('%o is refused of other families, with the models that take it', (request) => {
    const [field] = Object.keys(request);
    const refusal = { code: 'invalid_request', field, choices: ['large'] };
    expect(() => resolve(request, sd1)).toThrow(expect.objectContaining(refusal));
    expect(() => resolve(request, sd1)).toThrow(/only models of SDXL do, here large\./);
    expect(() => resolve(request, sd1, [])).toThrow(/only models of SDXL do, none is here\./);
  });

  test('of other families nothing is told, and effective says so', () => {
    const { plan } = resolve({}, sd1);
    expect('added' in plan).toBe(false);
    expect(generationView(plan, () => null)).toMatchObject({
      negative_prompt: '',
      prompt_2: null,
      original_size: null,
    });
  });

  test.each([[[64]], [[64, 64, 64]], [[0, 64]], [[64.5, 64]], ['64x64'], [[64, 16_385]]])('a size is no %j', (size) => {
    expect(() => parseGeneration({ prompt: '', target_size: size })).toThrow(
      expect.objectContaining({ field: expect.stringContaining('target_size') }),
    );
  });
});

test('what was assumed of a model of SDXL is in the warnings; what a file says is not', () => {
  const guessed = { ...sdxl, prediction: { ...sdxl.prediction, decidedBy: 'family', source: 'its family' } } as const;
  expect(resolve({}, guessed).warnings).toEqual([
    expect.stringMatching(/large does not say what it predicts: epsilon was assumed/),
  ]);
  expect(resolve({}, sdxl).warnings).toEqual([]);
  expect(resolve({}, { ...sd1, prediction: guessed.prediction }).warnings).toEqual([]);
});

test('plans of before told nothing beside the prompts, and are read as they are', () => {
  const { plan } = resolve({}, sd1);
  const before = { ...plan, version: 7 } as unknown as ReturnType<typeof storedGeneration.write>;
  expect(storedGeneration.read(before)).toEqual(plan);
});
