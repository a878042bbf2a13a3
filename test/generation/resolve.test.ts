import { describe, expect, test } from 'vitest';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { parametersText } from '../../src/drawing/parameters-text.ts';
import { generationKind } from '../../src/generation/kinds/generation/kind.ts';
import { base, controlNet, image, models, refusal, region, resolve, stored } from './resolved-requests.ts';

describe('what a request leaves open', () => {
  test('comes from the model, and the seed from the server', () => {
    const { plan, warnings } = resolve({});
    expect(plan).toMatchObject({ model: { id: 'photo', hash: 'abc' }, width: 512, height: 768, steps: 25 });
    expect(plan).toMatchObject({
      guidanceScale: 7.5,
      scheduler: 'unipc',
      seed: 4_000_000_000,
      output: { format: 'png' },
    });
    expect(warnings).toEqual([]);
  });

  test('is not touched where the request says it', () => {
    const body = { width: 64, height: 128, steps: 3, guidance_scale: 1, scheduler: 'lcm', seed: 0, count: 2 };
    const { plan } = resolve(body);
    expect(plan).toMatchObject({ width: 64, height: 128, steps: 3, guidanceScale: 1, scheduler: 'lcm', seed: 0 });
    // An evaluation of one row is half of one with guidance.
    expect(costOfDrawing(plan)).toBe((64 * 128 * 3 * 2) / 2);
  });

  test('takes the ControlNet that came with the base model, and every option of the extractor', () => {
    const [control] = resolve({ controls: [{ type: 'canny', image }] }).plan.controls;
    expect(control).toMatchObject({
      type: 'canny',
      model: { id: 'photo-canny' },
      source: { kind: 'photo', image: stored, preprocess: { low_threshold: 100, high_threshold: 200 } },
      scale: 1,
      mode: 'balanced',
    });
  });

  test.each([
    [true, { kind: 'photo', preprocess: { low_threshold: 100 } }],
    [{ low_threshold: 50 }, { kind: 'photo', preprocess: { low_threshold: 50, high_threshold: 200 } }],
    [false, { kind: 'map' }],
  ])('preprocess %j of a condition with an extractor', (preprocess, expected) => {
    const [control] = resolve({ controls: [{ type: 'canny', image, preprocess }] }).plan.controls;
    expect(control).toMatchObject({ source: expected });
  });

  test('names the mask of a control, and nothing where it acts everywhere', () => {
    const controls = [
      { type: 'canny', image, mask: image },
      { type: 'canny', image },
    ];
    const { plan } = resolve({ controls });
    expect(plan.controls[0]?.region).toEqual(region.stored);
    expect(Object.keys(plan.controls[1]!)).not.toContain('region');
  });

  test('says at which steps a ControlNet runs, and nothing where that is at all of them', () => {
    const controls = [
      { type: 'canny', image, every: 3 },
      { type: 'canny', image, every: 1 },
    ];
    const { plan } = resolve({ controls });
    expect(plan.controls[0]?.every).toBe(3);
    expect(Object.keys(plan.controls[1]!)).not.toContain('every');
    expect(generationKind.view(plan, () => null).controls.map(({ every }) => every)).toEqual([3, 1]);
    expect(parametersText(plan, 1).match(/Control Mode: balanced[^"]*/g)).toEqual([
      'Control Mode: balanced, Every: 3',
      'Control Mode: balanced',
    ]);
  });

  test('says which share of the tokens is merged, and nothing where none are', () => {
    expect(resolve({ token_merging: 0.35 }).plan.tokenMerging).toBe(0.35);
    expect(Object.keys(resolve({ token_merging: 0 }).plan)).not.toContain('tokenMerging');
    const error = refusal(() => resolve({ token_merging: 0.33 }));
    expect([error.code, error.field]).toEqual(['invalid_request', 'token_merging']);
    expect(error.message).toContain('a multiple of 0.05 but received 0.33: 0.35 would fit');
  });

  test('says how deep layers are kept and what that costs, and nothing where they are not', () => {
    const { deepCache } = resolve({ deep_cache: { every: 3, depth: 2 } }).plan;
    expect(deepCache).toEqual({ every: 3, depth: 2, shares: { photo: 0.5 } });
    expect(Object.keys(resolve({}).plan)).not.toContain('deepCache');
    const error = refusal(() => resolve({ deep_cache: { every: 3, depth: 3 } }));
    expect([error.code, error.field]).toEqual(['invalid_request', 'deep_cache.depth']);
    expect(error.message).toContain(
      'at most 2 with the model photo, whose UNet has 3 skip connections, but received 3',
    );
  });

  test('a condition without an extractor takes the picture as a map', () => {
    const [control] = resolve({ controls: [{ type: 'sketch', model: 'nameless', image }] }).plan.controls;
    expect(control).toMatchObject({ source: { kind: 'map' }, model: { id: 'nameless' } });
  });
});

describe('what is refused before it is queued', () => {
  test.each([
    ['unknown_model', 'model', { model: 'phto' }, 'Did you mean photo?'],
    ['model_invalid', 'model', { model: 'broken' }, 'its header is cut off.'],
    ['unknown_condition', 'controls[0].type', { controls: [{ type: 'cany', image }] }, 'Did you mean canny?'],
    ['unknown_model', 'controls[0].type', { controls: [{ type: 'seg', image }] }, 'There is one for canny.'],
    ['unknown_model', 'controls[0].model', { controls: [{ type: 'canny', image, model: 'no' }] }, 'The choices are'],
    ['invalid_request', 'controls[0].start', { controls: [{ type: 'canny', image, start: 0.6, end: 0.5 }] }, 'at most'],
    [
      'not_supported_yet',
      'controls[0].preprocess',
      { controls: [{ type: 'sketch', model: 'nameless', image, preprocess: true }] },
      'map',
    ],
    [
      'invalid_request',
      'controls[0].preprocess.low',
      { controls: [{ type: 'canny', image, preprocess: { low: 1 } }] },
      'low',
    ],
    ['invalid_request', 'width', { width: 2048, height: 2048 }, '2048 x 2048'],
    ['invalid_request', 'clip_skip', { clip_skip: 6 }, 'has 6 layers'],
    ['invalid_request', 'eta', { scheduler: 'euler', eta: 0.5 }, 'ddim'],
    ['invalid_request', 'output.quality', { output: { quality: 80 } }, 'no loss'],
  ])('%s at %s', (code, field, body, text) => {
    const error = refusal(() => resolve(body));
    expect([error.code, error.field]).toEqual([code, field]);
    expect(error.message).toContain(text);
  });

  test.each([
    ['by its type', { type: 'depth', image }, 'controls[0].type'],
    ['by its name', { type: 'depth', image, model: 'depth-2' }, 'controls[0].model'],
  ])('a ControlNet of another family, chosen %s, with the facts of both', (_, control, field) => {
    const error = refusal(() => resolve({ controls: [control] }));
    expect([error.code, error.field]).toEqual(['incompatible_control', field]);
    expect(error.message).toContain('context width 1024');
    expect(error.message).toContain('context width 768');
    expect(error.choices).toEqual(['canny-shared', 'photo-canny', 'nameless']);
  });

  test('controls on one union ControlNet that run at other steps, or in another mode', () => {
    const union = { ...controlNet('union', null), unionTypes: 6 };
    const list = { ...models, controlNets: [union] };
    const controls = (...asked: readonly object[]) =>
      asked.map((one, index) => ({ type: index === 0 ? 'canny' : 'depth', image, model: 'union', ...one }));
    expect(resolve({ controls: controls({ every: 2 }, { every: 2 }) }, list).plan.controls).toMatchObject([
      { every: 2 },
      { every: 2 },
    ]);
    const error = refusal(() => resolve({ controls: controls({ every: 2 }, {}) }, list));
    expect([error.code, error.field]).toEqual(['incompatible_control', 'controls[1].every']);
    expect(error.message).toContain('expected every to be 2 of controls[1] too but received 1');
    const other = refusal(() => resolve({ controls: controls({}, { mode: 'prompt' }) }, list));
    expect([other.code, other.field]).toEqual(['incompatible_control', 'controls[1].mode']);
    const hires = { width: 512, height: 512, hires: { scale: 1.5 } };
    const inPasses = (...passes: readonly string[]) =>
      resolve(
        { ...hires, controls: controls({ every: 2, passes: passes[0] }, { mode: 'prompt', passes: passes[1] }) },
        list,
      );
    expect(inPasses('low', 'high').plan.controls).toMatchObject([{ passes: 'low' }, { passes: 'high' }]);
    expect(refusal(() => inPasses('both', 'high')).field).toBe('controls[1].mode');
  });

  test('a model whose own scheduler is not built', () => {
    const list = { ...models, bases: [{ ...base, defaults: { ...base.defaults, scheduler: 'unknown' } }] };
    expect(refusal(() => resolve({}, list)).code).toBe('model_invalid');
    expect(resolve({ scheduler: 'ddim' }, list).plan.scheduler).toBe('ddim');
  });
});

describe('warnings', () => {
  test.each([
    [{ guidance_scale: 1, negative_prompt: 'blur' }, 'negative_prompt has no effect while guidance_scale is 1.'],
    [{ guidance_scale: 1, guidance_rescale: 0.5 }, 'guidance_rescale has no effect while guidance_scale is 1.'],
    [{ controls: [{ type: 'canny', image, scale: 0 }] }, 'controls[0] has scale 0 and does not act.'],
    [
      { steps: 10, controls: [{ type: 'canny', image, start: 0.5, end: 0.55 }] },
      'controls[0] acts at none of the 10 steps: its window, 0.5 to 0.55, holds no whole step.',
    ],
    [
      { controls: [{ type: 'openpose', image, model: 'photo-canny' }] },
      'controls[0] feeds maps of type openpose to photo-canny, a ControlNet for canny.',
    ],
  ])('%j', (body, warning) => {
    expect(resolve(body).warnings).toEqual([warning]);
  });
});

describe('evaluation', () => {
  const controls = [{ type: 'canny', image }];

  test('is off, and on where several candidates are drawn', () => {
    expect(resolve({ controls }).plan).toMatchObject({ evaluate: false, bestOf: 1 });
    expect(resolve({ controls, evaluate: true }).plan).toMatchObject({ evaluate: true, bestOf: 1 });
    expect(resolve({ controls, best_of: 4 }).plan).toMatchObject({ evaluate: true, bestOf: 4 });
  });

  test('of several candidates costs as many drawings', () => {
    const one = costOfDrawing(resolve({ controls, count: 2 }).plan);
    expect(costOfDrawing(resolve({ controls, count: 2, best_of: 4 }).plan)).toBe(4 * one);
  });

  test.each([
    ['evaluate', { evaluate: true }, 'controls'],
    ['best_of', { best_of: 2 }, 'controls'],
    ['evaluate', { controls, best_of: 2, evaluate: false }, 'chooses by it'],
    ['best_of', { controls, best_of: 8, count: 3 }, 'at most 16 but received 3 x 8'],
    ['best_of', { controls: [{ type: 'shuffle', model: 'nameless', image }], best_of: 2 }, 'no measure for shuffle'],
  ])('%s is refused: %j', (field, body, text) => {
    const error = refusal(() => resolve(body));
    expect([error.code, error.field]).toEqual(['invalid_request', field]);
    expect(error.message).toContain(text);
  });
});
