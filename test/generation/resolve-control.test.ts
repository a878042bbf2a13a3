import { describe, expect, test } from 'vitest';
import type { GivenPicture } from '../../src/generation/given-picture.ts';
import { image, models, picture, refusal, resolve, stored } from './resolved-requests.ts';

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
