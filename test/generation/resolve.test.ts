import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/conditions/contract/condition.ts';
import { conditions, findCondition } from '../../src/conditions/registry.ts';
import { ArmatureError } from '../../src/errors.ts';
import { type ModelList, noModels } from '../../src/generation/models/model-list.ts';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { generationKind } from '../../src/generation/kinds/generation/kind.ts';
import { extractionKind } from '../../src/generation/kinds/extraction/kind.ts';
import { resolveExtraction } from '../../src/generation/kinds/extraction/resolve.ts';
import { parseExtraction, parseGeneration } from '../../src/generation/parse.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import type { Resolved } from '../../src/generation/resolved.ts';
import type { GivenPicture } from '../../src/generation/given-picture.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import type { Family } from '../../src/graph/family.ts';

const sd1: Family = {
  name: 'sd1',
  contextWidth: 768,
  latentChannels: 4,
  blockChannels: [320, 640, 1280, 1280],
  layersPerBlock: 2,
};
const sd2: Family = { ...sd1, name: 'sd2', contextWidth: 1024 };
const files = { licence: null, owner: null, hash: 'abc', path: '/models', layout: 'diffusers' } as const;
const base: BaseModel = {
  ...files,
  kind: 'base',
  distilled: null,
  task: 'drawing',
  prediction: { type: 'epsilon', zeroSnr: false, decidedBy: 'family', source: 'its family', contradiction: null },
  id: 'photo',
  title: 'Photo',
  family: sd1,
  textLayers: 6,
  added: null,
  schedule: noiseScheduleFrom(stableDiffusionSchedule),
  latentScale: 8,
  featurePlaces: [],
  crossAttentions: [],
  scalingFactor: 0.18215,
  vae: null,
  defaults: { width: 512, height: 768, steps: 25, guidanceScale: 7.5, scheduler: 'unipc' },
};

function controlNet(id: string, type: string | null, family = sd1, bundledWith: string | null = null): ControlNetModel {
  return { ...files, kind: 'controlnet', id, title: id, family, type, unionTypes: null, changes: null, bundledWith };
}

const models: ModelList = {
  ...noModels,
  bases: [base],
  controlNets: [
    controlNet('canny-shared', 'canny'),
    controlNet('photo-canny', 'canny', sd1, 'photo'),
    controlNet('depth-2', 'depth', sd2),
    controlNet('nameless', null),
  ],
  rejected: [{ id: 'broken', code: 'model_invalid', detail: 'its header is cut off.' }],
};
/** A condition that takes ready-made maps only, beside those that there are. */
const { load: _load, ...mapOnly } = conditions.depth;
function conditionOf(id: string, field: string): Condition {
  return id === 'sketch' ? { ...mapOnly, id } : findCondition(id, field);
}

const catalog = { models, condition: conditionOf };
const stored = { key: 'tenants/default/inputs/aa', sha256: 'aa' };
const picture: GivenPicture = { stored, width: 640, height: 480, structure: null, map: null };
const region: GivenPicture = {
  ...picture,
  stored: { key: 'tenants/default/inputs/bb', sha256: 'bb' },
  width: 8,
  height: 9,
};
const image = { upload_id: 'upl_1' };

function resolve(body: Record<string, unknown>, list = models, given = picture): Resolved<GenerationPlan> {
  const request = parseGeneration({ prompt: 'x', ...body });
  return resolveGeneration(request, {
    catalog: { ...catalog, models: list },
    defaultModel: 'photo',
    given: request.controls.map((control, index) => {
      const others = new Map(control.mask === undefined ? [] : [['mask', region] as const]);
      return { index, request: control, picture: given, others };
    }),
    randomSeed: () => 4_000_000_000,
    embedParameters: true,
  });
}

function refusal(run: () => unknown): ArmatureError {
  try {
    run();
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

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

describe('the prompts of a request', () => {
  const refused = (body: Record<string, unknown>): ArmatureError => refusal(() => resolve(body));

  test('are read in the grammar of A1111, or are plain text', () => {
    expect(resolve({}).plan.promptSyntax).toBe('a1111');
    expect(resolve({ prompt_syntax: 'plain' }).plan.promptSyntax).toBe('plain');
  });

  test('are remarked on where what looks like syntax has no effect', () => {
    const body = { prompt: '[a:b:40] {x|y} [c:d:e:2]', negative_prompt: 'fog AND [a|b] [f::1.0]' };
    expect(resolve(body).warnings).toEqual([
      'prompt: "{x|y}" (a choice) is read as text: such syntax has no effect in prompt.',
      'prompt: "[c:d:e:2]" is read as text: a schedule has at most two texts and a number.',
      'prompt: "[a:b:40]" is the same at all of the 25 steps.',
      'negative_prompt: "AND" (a composition) is read as text: such syntax has no effect in negative_prompt.',
      'negative_prompt: "[f::1.0]" is the same at all of the 25 steps.',
    ]);
    expect(resolve({ prompt: '[a:b:40] [c:9.] [d:0]' }).warnings).toEqual([
      'prompt: "[a:b:40]", "[c:9.]" and 1 more are the same at all of the 25 steps.',
    ]);
    expect(resolve({ prompt: 'a (cat:1.2)', prompt_syntax: 'plain' }).warnings).toEqual([
      'prompt: "(cat:1.2)" (a weight) is read as text: prompt_syntax is "plain".',
    ]);
  });

  test.each([
    [{ prompt: 'a'.repeat(9) + '(b:101)' }, 'prompt'],
    [{ prompt: '', negative_prompt: `${'('.repeat(60)}a` }, 'negative_prompt'],
    [{ prompt: '[a|b]'.repeat(65) }, 'prompt'],
    [{ prompt: 'a AND '.repeat(8) }, 'prompt'],
  ])('are refused beyond their limits: %j', (body, field) => {
    const error = refused(body);
    expect([error.code, error.field]).toEqual(['invalid_request', field]);
  });

  test.each(['<lora:foo:x>', '<lora:foo:1:2:3>', '<lora::1>', '<lora:foo:11>', '<lora:foo:1:-11>'])(
    'are refused where a tag of a LoRA cannot be read: %s',
    (tag) => {
      const error = refused({ prompt: `a cat ${tag}` });
      expect([error.code, error.field]).toEqual(['invalid_request', 'prompt']);
      expect(error.message).toContain(JSON.stringify(tag));
      expect(resolve({ prompt: tag, prompt_syntax: 'plain' }).warnings).toHaveLength(1);
      expect(resolve({ negative_prompt: tag }).warnings).toHaveLength(1);
    },
  );

  test('that are composed need the negative one without guidance too', () => {
    const unguided = { guidance_scale: 1, negative_prompt: 'blur' };
    expect(resolve({ ...unguided, prompt: 'a AND b' }).warnings).toEqual([]);
    expect(resolve(unguided).warnings).toHaveLength(1);
  });

  test('cost by the texts that are encoded, and by the rows of an evaluation', () => {
    const costOf = (body: Record<string, unknown>): number => costOfDrawing(resolve(body).plan);
    const once = costOf({});
    expect(once).toBe(512 * 768 * 25);
    expect(costOf({ prompt: '(a:1.2) BREAK b' })).toBe(once);
    expect(costOf({ prompt: '[a|b|c]', negative_prompt: '[d|e]' })).toBe(once + 3 * 2048);
    expect(costOf({ prompt: '[a|b|c]', count: 2 })).toBe(2 * once + 2 * 2048);
    expect(costOf({ prompt: 'a AND b AND c' })).toBe(once * 2 + 2 * 2048);
    expect(costOf({ prompt: 'a AND b AND c', prompt_syntax: 'plain' })).toBe(once);
  });

  test('are shown as they were read', () => {
    const shown = (body: Record<string, unknown>) => generationKind.view(resolve(body).plan, () => null).read_as;
    expect(shown({ prompt_syntax: 'plain' })).toBeNull();
    expect(shown({ steps: 5, prompt: '[a|(b:1.5)] c BREAK d AND e :2' })).toEqual({
      prompt: [
        {
          weight: 1,
          texts: [
            {
              steps: [
                [0, 0],
                [2, 2],
                [4, 4],
              ],
              sections: [[{ text: 'a c', weight: 1 }], [{ text: 'd', weight: 1 }]],
            },
            {
              steps: [
                [1, 1],
                [3, 3],
              ],
              sections: [
                [
                  { text: 'b', weight: 1.5 },
                  { text: ' c', weight: 1 },
                ],
                [{ text: 'd', weight: 1 }],
              ],
            },
          ],
          further_texts: 0,
        },
        { weight: 2, texts: [{ steps: [[0, 4]], sections: [[{ text: 'e', weight: 1 }]] }], further_texts: 0 },
      ],
      negative_prompt: [
        { weight: 1, texts: [{ steps: [[0, 4]], sections: [[{ text: '', weight: 1 }]] }], further_texts: 0 },
      ],
    });
    const many = shown({
      steps: 40,
      prompt: `${'(a)b'.repeat(200)}[${Array.from({ length: 30 }, (_, i) => i).join('|')}]`,
    });
    expect(many?.prompt[0]).toMatchObject({ texts: [{}, {}], further_texts: 28 });
  });
});

describe('an extraction', () => {
  test('gets every option of its condition', () => {
    const request = parseExtraction({ image, options: { low_threshold: 10 } });
    const { plan } = resolveExtraction('canny', request, findCondition, picture);
    expect(plan).toMatchObject({ kind: 'extraction', condition: 'canny', image: stored });
    expect(plan.options).toMatchObject({ low_threshold: 10, high_threshold: 200 });
    expect(plan).toMatchObject({ resolution: null, strict: false });
    expect(extractionKind.cost(plan)).toBe(1_000_000);
  });

  test('at a resolution that makes too large a picture is refused', () => {
    const long = { ...picture, width: 4000, height: 10 };
    const request = parseExtraction({ image, resolution: 512, strict: true });
    expect(resolveExtraction('canny', request, findCondition, picture).plan).toMatchObject({
      resolution: 512,
      strict: true,
    });
    const error = refusal(() => resolveExtraction('canny', request, findCondition, long));
    expect([error.code, error.field]).toEqual(['invalid_request', 'resolution']);
  });

  test('is refused where there is no extractor', () => {
    const run = (): unknown => resolveExtraction('sketch', parseExtraction({ image }), conditionOf, picture);
    expect(refusal(run).code).toBe('not_supported_yet');
  });
});

describe('what a control is given', () => {
  const control = (fields: object, given = picture) =>
    resolve({ controls: [{ type: 'openpose', model: 'nameless', image, ...fields }] }, models, given);
  const sourceOf = (fields: object, given = picture) => control(fields, given).plan.controls[0]?.source;
  const pose: GivenPicture = { stored, width: 0, height: 0, structure: 'pose', map: null };
  const data = { key: 'tenants/default/inputs/bb', sha256: 'bb' };
  const reused: GivenPicture = { ...picture, map: { condition: 'openpose', data, options: { network: 'dwpose' } } };

  test('the server decides whether files carry their parameters where the request does not', () => {
    expect(resolve({}).plan.output).toEqual({ format: 'png', quality: 100, metadata: true });
    expect(resolve({ output: { metadata: false } }).plan.output.metadata).toBe(false);
  });

  test('a photograph is extracted from at the size of the output, or at the resolution that is asked for', () => {
    expect(sourceOf({})).toMatchObject({ kind: 'photo', resolution: null });
    expect(sourceOf({ resolution: 384 })).toMatchObject({ kind: 'photo', resolution: 384, image: stored });
  });

  test('a map of an earlier job is used as it is, with what is known of it', () => {
    expect(sourceOf({}, reused)).toMatchObject({ kind: 'map', data });
    expect(sourceOf({ preprocess: true }, reused)).toMatchObject({ kind: 'photo', preprocess: { body: true } });
  });

  test('a map of an earlier job is measured as it was made, where it was made for this condition', () => {
    expect(sourceOf({}, reused)).toMatchObject({ madeWith: { network: 'dwpose' } });
    expect(sourceOf({ type: 'depth' }, reused)).toMatchObject({ kind: 'map', madeWith: null });
  });

  test('a map of another condition earns a warning', () => {
    const other: GivenPicture = { ...picture, map: { condition: 'depth', data: null, options: {} } };
    expect(control({}, other).warnings).toEqual(['controls[0] uses a map of type depth as one of type openpose.']);
    expect(control({ preprocess: true }, other).warnings).toEqual([]);
  });

  test('data is drawn', () => {
    expect(sourceOf({}, pose)).toEqual({ kind: 'structure', structure: 'pose', json: stored });
  });

  test.each([
    ['data with options of an extractor', { preprocess: {} }, pose, 'controls[0].preprocess'],
    ['data for another condition', { type: 'seg' }, pose, 'controls[0].image.pose'],
    [
      'a resolution of what is not extracted',
      { preprocess: false, resolution: 512 },
      picture,
      'controls[0].resolution',
    ],
    ['a resolution of data', { resolution: 512 }, pose, 'controls[0].resolution'],
  ])('%s is refused', (_, fields, given, field) => {
    const error = refusal(() => control(fields, given));
    expect([error.code, error.field]).toEqual(['invalid_request', field]);
  });

  test('a resolution that makes too large a picture is refused', () => {
    const body = { width: 2048, height: 64, controls: [{ type: 'canny', image, resolution: 2048 }] };
    const error = refusal(() => resolve(body));
    expect([error.code, error.field]).toEqual(['invalid_request', 'controls[0].resolution']);
    expect(error.message).toContain('65536 x 2048');
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
