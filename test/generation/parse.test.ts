import { describe, expect, test } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { parseExtraction, parseGeneration } from '../../src/generation/parse.ts';

const image = { upload_id: 'upl_1' };

function refusal(body: unknown, parse: (body: unknown) => unknown = parseGeneration): ArmatureError {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('The body was accepted.');
}

describe('a generation request', () => {
  test('needs nothing but a prompt, and gets the defaults that no model decides', () => {
    expect(parseGeneration({ prompt: '' })).toEqual({
      prompt: '',
      negative_prompt: null,
      prompt_syntax: 'a1111',
      tiling: false,
      token_merging: 0,
      guidance_rescale: 0,
      guidance_start: 0,
      guidance_end: 1,
      schedule: null,
      eta: null,
      s_churn: 0,
      seed: null,
      count: 1,
      clip_skip: 0,
      controls: [],
      loras: [],
      decoder: 'vae',
      strict: false,
      best_of: 1,
      output: { format: 'png' },
    });
  });

  test('gives a control its defaults', () => {
    const { controls } = parseGeneration({ prompt: 'x', controls: [{ type: 'canny', image }] });
    expect(controls).toEqual([
      { type: 'canny', image, scale: 1, start: 0, end: 1, every: 1, mode: 'balanced', passes: 'both', resize: 'crop' },
    ]);
  });

  test.each([
    [{ prompt: 'x', steps: -3 }, 'steps', 'Expected steps to be a whole number from 1 to 150 but received -3.'],
    [{ prompt: 'x', steps: 2.5 }, 'steps', 'Expected steps to be a whole number from 1 to 150 but received 2.5.'],
    [{ prompt: 'x', steps: '20' }, 'steps', 'Expected steps to be a whole number from 1 to 150 but received "20".'],
    [
      { prompt: 'x', width: 250 },
      'width',
      'Expected width to be a whole number from 64 to 2048 that is a multiple of 8 but received 250.',
    ],
    [
      { prompt: 'x', seed: 2 ** 32 },
      'seed',
      'Expected seed to be a whole number from 0 to 4294967295 or null but received 4294967296.',
    ],
    [{}, 'prompt', 'Expected prompt to be text of at most 8000 characters but received nothing.'],
    [
      { prompt: 'x', controls: [{ type: 'canny', image, scale: 7 }] },
      'controls[0].scale',
      'Expected controls[0].scale to be a number from 0 to 2 but received 7.',
    ],
    [
      { prompt: 'x', controls: [{ type: 'canny', image: {} }] },
      'controls[0].image',
      'Expected controls[0].image to be {"upload_id": ...} or {"data": ...} or {"part": ...} or {"url": ...} or {"generation": ..., "map": ...} or {"generation": ..., "output": ...} or {"picture": ..., "mask": ...} or {"pose": ...} or {"layout": ...} but received an object.',
    ],
    [
      { prompt: 'x', output: { format: 'bmp' } },
      'output.format',
      'Expected output.format to be one of png, jpeg, webp but received "bmp".',
    ],
    [
      { prompt: 'x', metadata: { note: 'é'.repeat(2100) } },
      'metadata',
      'Expected metadata to be an object of at most 4096 bytes as JSON but received an object.',
    ],
  ])('says what was expected and what came: %j', (body, field, detail) => {
    const error = refusal(body);
    expect([error.code, error.field, error.message]).toEqual(['invalid_request', field, detail]);
  });

  test.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [[], 'an array of 0'],
    ['{}', '"{}"'],
  ])('is an object, not %j', (body, received) => {
    const error = refusal(body);
    expect(error.message).toBe(`Expected the request to be a JSON object but received ${received}.`);
    expect(error.field).toBeUndefined();
  });

  test('lists the choices of a field that has a few', () => {
    expect(refusal({ prompt: 'x', output: { format: 'bmp' } }).choices).toEqual(['png', 'jpeg', 'webp']);
  });

  test.each([
    ['negativ_prompt', 'negative_prompt'],
    ['guidance', null],
    ['Prompt', 'prompt'],
    ['shceduler', 'scheduler'],
  ])('has no field %s', (name, nearest) => {
    const error = refusal({ prompt: 'x', [name]: 1 });
    expect([error.code, error.field]).toEqual(['invalid_request', name]);
    if (nearest !== null) expect(error.message).toBe(`There is no field ${name}. Did you mean ${nearest}?`);
    else expect(error.choices).toContain('guidance_scale');
  });

  test('names the whole path of an unknown field', () => {
    const error = refusal({
      prompt: 'x',
      controls: [
        { type: 'canny', image },
        { type: 'canny', image, wieght: 1 },
      ],
    });
    expect(error.field).toBe('controls[1].wieght');
    expect(() => parseExtraction({ image, output: { metadata: false } })).toThrow('There is no field output.metadata');
    expect(refusal({ prompt: 'x', output: { qualty: 1 } }).message).toContain('Did you mean output.quality?');
  });

  test('fills in how deep layers are kept, and refuses what would keep nothing', () => {
    expect(parseGeneration({ prompt: 'x', deep_cache: {} }).deep_cache).toEqual({ every: 3, depth: 0 });
    expect(Object.keys(parseGeneration({ prompt: 'x' }))).not.toContain('deep_cache');
    expect(refusal({ prompt: 'x', deep_cache: { every: 1 } }).field).toBe('deep_cache.every');
    expect(refusal({ prompt: 'x', deep_cache: { interval: 2 } }).field).toBe('deep_cache.interval');
    expect(refusal({ prompt: 'x', cache_interval: 3 }).message).toContain('it is deep_cache.every here');
  });
});

describe('the mask of a control', () => {
  const control = (mask: unknown): object => ({ prompt: 'x', controls: [{ type: 'canny', image, mask }] });

  test('is a picture like its image', () => {
    for (const mask of [image, { part: 'a' }, { generation: 'gen_1', map: 0 }]) {
      expect(parseGeneration(control(mask)).controls[0]?.mask).toEqual(mask);
    }
  });

  test.each([
    [{ picture: image, mask: image }, 'controls[0].mask.picture'],
    [{ pose: { people: [] } }, 'controls[0].mask.pose'],
    [{ uplod_id: 'upl_1' }, 'controls[0].mask.uplod_id'],
    [{}, 'controls[0].mask'],
    [3, 'controls[0].mask'],
  ])('is nothing else: %j', (mask, field) => {
    const error = refusal(control(mask));
    expect([error.code, error.field]).toEqual(['invalid_request', field]);
  });
});

describe('structure as data', () => {
  const control = (type: string, given: object): object => ({ prompt: 'x', controls: [{ type, image: given }] });
  const polygon = [
    [0, 0],
    [1, 0],
    [1, 1],
  ];

  test('is taken in place of a picture', () => {
    const pose = { people: [{ pose_keypoints_2d: Array.from({ length: 54 }, () => 0.5) }] };
    expect(parseGeneration(control('openpose', { pose })).controls[0]?.image).toEqual({
      structure: { kind: 'pose', data: pose },
    });
    const layout = { regions: [{ class: 'sky', polygon }], background: 'wall' };
    expect(parseGeneration(control('seg', { layout })).controls[0]?.image).toEqual({
      structure: { kind: 'layout', data: layout },
    });
  });

  test.each([
    ['openpose', { pose: { people: [{ pose_keypoints_2d: [1, 2] }] } }, 'pose.people.0.pose_keypoints_2d'],
    ['openpose', { pose: { people: [], persons: [] } }, 'pose'],
    ['openpose', { pose: 3 }, 'pose'],
    ['seg', { layout: { regions: [{ class: 'skye', polygon }] } }, 'layout.regions.0.class'],
    ['seg', { layout: { regions: [] } }, 'layout.regions'],
    ['seg', { layout: [] }, 'layout'],
  ])('of %s is refused where it is wrong: %j', (type, given, path) => {
    const error = refusal(control(type, given));
    expect([error.code, error.field]).toEqual(['invalid_request', `controls[0].image.${path}`]);
  });

  test('is refused where it is too long', () => {
    const person = { pose_keypoints_2d: Array.from({ length: 75 }, (_, i) => i / 3000 + 0.1) };
    const hand = Array.from({ length: 63 }, (_, i) => i / 3000 + 0.1);
    const people = Array.from({ length: 100 }, () => ({
      ...person,
      hand_left_keypoints_2d: hand,
      hand_right_keypoints_2d: hand,
    }));
    const error = refusal(control('openpose', { pose: { people } }));
    expect([error.code, error.field]).toEqual(['invalid_request', 'controls[0].image.pose']);
    expect(error.message).toContain('262144 bytes');
  });

  test('comes alone', () => {
    const error = refusal(control('openpose', { pose: { people: [] }, upload_id: 'upl_1' }));
    expect([error.code, error.field]).toEqual(['invalid_request', 'controls[0].image']);
  });
});

describe('an extraction request', () => {
  test('needs nothing but a picture', () => {
    expect(parseExtraction({ image })).toEqual({ image, options: {}, strict: false, output: { format: 'png' } });
  });

  test('refuses what it does not know', () => {
    expect(refusal({ image, opions: {} }, parseExtraction).message).toContain('Did you mean options?');
    expect(refusal({ image: { generation: 'gen_1' } }, parseExtraction).field).toBe('image');
    expect(refusal({ image: { pose: { people: [] } } }, parseExtraction).field).toBe('image.pose');
    expect(refusal({ image, webhook: {} }, parseExtraction).field).toBe('webhook.url');
    expect(refusal({}, parseExtraction).field).toBe('image');
  });
});
