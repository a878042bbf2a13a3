import { describe, expect, it } from 'vitest';

import { parseOptions } from '../../src/conditions/contract/options.ts';
import { conditionIds, conditions, describeConditions, findCondition } from '../../src/conditions/registry.ts';
import { ArmatureError } from '../../src/errors.ts';
import { networks, photo } from '../support/annotators.ts';

function refusal(action: () => unknown): ArmatureError {
  try {
    action();
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('Expected a refusal');
}

describe('the registry', () => {
  it('is frozen and every row carries the id of its key', () => {
    expect(Object.isFrozen(conditions)).toBe(true);
    for (const [id, row] of Object.entries(conditions)) expect(row.id).toBe(id);
  });

  it('finds a condition by id', () => expect(findCondition('canny')).toBe(conditions.canny));

  it('refuses an unknown one with the nearest name and all choices', () => {
    const error = refusal(() => findCondition('cany', 'controls[0].type'));
    expect(error).toMatchObject({ code: 'unknown_condition', field: 'controls[0].type', choices: conditionIds });
    expect(error.message).toContain('Did you mean canny?');
  });

  it('names no nearest where none is near', () => {
    expect(refusal(() => findCondition('zzzzzzzz')).message).not.toContain('Did you mean');
  });

  it.each(['__proto__', 'constructor', 'toString', ''])('does not take %j for a condition', (id) => {
    expect(refusal(() => findCondition(id)).code).toBe('unknown_condition');
  });

  it('loads an extractor only where photographs are accepted', async () => {
    for (const { id, accepts, options } of describeConditions()) {
      const extractor = await findCondition(id).load?.();
      expect(accepts.filter((input) => input !== 'mask')).toEqual(extractor === undefined ? ['map'] : ['photo', 'map']);
      expect(options === null).toBe(extractor === undefined);
    }
  });

  it.each([
    ['canny', {}],
    ['softedge', {}],
    ['scribble', {}],
    ['scribble', { from: 'xdog' }],
    ['mlsd', {}],
    ['depth', {}],
    ['normal', {}],
    ['openpose', {}],
    ['openpose', { hands: true, face: true, keypoint_threshold: 0 }],
    ['seg', {}],
    ['mask', {}],
    ['mask', { of: 'person' }],
  ])('names the networks that %s with %j asks for', async (id, given) => {
    const condition = findCondition(id);
    const options = parseOptions(condition, given);
    const asked = new Set<string>();
    const source = {
      annotator: async (network: string) => {
        asked.add(network);
        return await networks.annotator(network);
      },
    };
    await (await condition.load!()).extract(await photo('astronaut'), options, source);
    expect([...asked].toSorted()).toEqual((condition.networks?.(options) ?? []).toSorted());
  });

  it.each([
    ['depth', { network: 'deep' }, ['deep']],
    ['seg', { network: 'areas' }, ['areas']],
    ['lineart', { network: 'lines' }, ['lines']],
    ['lineart', {}, []],
    ['normal', { network: 'surfaces' }, ['surfaces']],
    ['seg', { from: 'labels' }, []],
    ['openpose', { network: 'people' }, ['people/yolox_l', 'people/dw-ll_ucoco_384']],
  ])('names the pulled networks that %s with %j needs', (id, given, expected) => {
    const condition = findCondition(id);
    expect(condition.networks?.(parseOptions(condition, given))).toEqual(expected);
  });

  it('describes options as JSON Schema with ranges and defaults', () => {
    const canny = describeConditions().find(({ id }) => id === 'canny')!;
    expect(canny.options).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: {
        low_threshold: { type: 'number', minimum: 0, maximum: 2040, default: 100 },
        high_threshold: { type: 'number', minimum: 0, maximum: 2040, default: 200 },
        l2_gradient: { type: 'boolean', default: false },
      },
    });
    expect(canny.options).not.toHaveProperty('required');
  });
});

describe('parseOptions', () => {
  const parse = (given: unknown) => parseOptions(conditions.canny, given, 'controls[1].preprocess');

  it('fills in defaults', () => {
    const defaults = { low_threshold: 100, high_threshold: 200, l2_gradient: false };
    expect(parse(undefined)).toEqual(defaults);
    expect(parse({ low_threshold: 50 })).toEqual({ ...defaults, low_threshold: 50 });
  });

  it('refuses an unknown option with the nearest known one', () => {
    const error = refusal(() => parse({ low_treshold: 50 }));
    expect(error).toMatchObject({ code: 'invalid_request', field: 'controls[1].preprocess.low_treshold' });
    expect(error.message).toContain('Did you mean low_threshold?');
    expect(error.choices).toEqual(['low_threshold', 'high_threshold', 'l2_gradient']);
  });

  it.each([
    [{ low_threshold: -1 }, 'low_threshold'],
    [{ high_threshold: 2041 }, 'high_threshold'],
    [{ high_threshold: Number.NaN }, 'high_threshold'],
    [{ low_threshold: '50' }, 'low_threshold'],
    [{ l2_gradient: 1 }, 'l2_gradient'],
    [{ low_threshold: 150, high_threshold: 100 }, 'low_threshold'],
  ])('refuses %j', (given, option) => {
    expect(refusal(() => parse(given))).toMatchObject({
      code: 'invalid_request',
      field: `controls[1].preprocess.${option}`,
    });
  });

  it.each([null, 7, 'canny', []])('refuses %j in place of options', (given) => {
    expect(refusal(() => parse(given))).toMatchObject({ code: 'invalid_request', field: 'controls[1].preprocess' });
  });

  it('refuses options of a condition without an extractor', () => {
    const { load: _load, ...mapOnly } = conditions.depth;
    const error = refusal(() => parseOptions(mapOnly, {}, 'controls[0].preprocess'));
    expect(error.code).toBe('not_supported_yet');
    expect(error.message).toContain('"preprocess": false');
  });
});
