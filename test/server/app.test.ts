import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { type Application, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;

beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

async function get(url: string, headers: Record<string, string> = {}) {
  return await application.app.inject({ method: 'GET', url, headers });
}

describe('paths and methods', () => {
  test('that do not exist answer with problems', async () => {
    const response = await get('/v1/generation');
    expect(response.json()).toMatchObject({ code: 'not_found', status: 404, type: 'urn:armature:problem:not_found' });
    expect(response.headers['x-request-id']).toBe(response.json<{ instance: string }>().instance);
  });

  test.each([
    ['PUT', '/v1/generations', 'GET, HEAD, POST'],
    ['PATCH', '/v1/generations/gen_1', 'DELETE, GET, HEAD'],
    ['GET', '/v1/generations/gen_1/cancel', 'POST'],
    ['DELETE', '/livez?x=1', 'GET, HEAD'],
  ] as const)('%s %s answers 405 and says what is allowed', async (method, url, allow) => {
    const response = await application.app.inject({ method, url });
    expect(response.json()).toMatchObject({ code: 'method_not_allowed', status: 405 });
    expect(response.headers.allow).toBe(allow);
  });

  test('that cannot be decoded are refused', async () => {
    expect((await get('/v1/generations/%E0%A4%A')).json()).toMatchObject({ code: 'invalid_request', status: 400 });
  });

  test('what is no HTTP gets a problem, too', async () => {
    const address = new URL(await application.app.listen({ port: 0, host: '127.0.0.1' }));
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(address.port), address.hostname, () => socket.write('HELLO\r\n\r\n'));
      socket.on('data', (data) => (text += data.toString()));
      socket.on('end', () => resolve(text)).on('error', reject);
    });
    expect(answer).toContain('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ code: 'invalid_request', status: 400 });
  });

  test('an unexpected error tells nothing of the inside', async () => {
    const { records } = application.parts;
    const secret = '/home/secret/records.sql';
    const app = await application.rebuild({
      records: { ...records, findJob: async () => await Promise.reject(new Error(secret)) },
    });
    const response = await app.inject('/v1/generations/gen_1');
    expect(response.json()).toMatchObject({ code: 'internal', status: 500 });
    expect(response.body).not.toContain(secret);
    expect(response.body).not.toMatch(/\.ts|stack/);
  });
});

describe('browser apps', () => {
  test('of a known origin may call, and read the headers they need', async () => {
    const origin = 'https://app.example.com';
    const response = await get('/v1/models', { origin });
    expect(response.headers['access-control-allow-origin']).toBe(origin);
    expect(response.headers['access-control-expose-headers']).toContain('Location');
    const preflight = await application.app.inject({
      method: 'OPTIONS',
      url: '/v1/generations',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toContain('POST');
  });

  test('of any other origin may not', async () => {
    const response = await get('/v1/models', { origin: 'https://evil.example.com' });
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('health', () => {
  test('a process that answers lives', async () => {
    expect((await get('/livez')).json()).toEqual({ status: 'ok' });
  });

  test('is ready while its parts are there', async () => {
    const response = await get('/readyz');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ status: 'ready', checks: { database: { ok: true }, queue: { ok: true } } });
  });

  test.each(['starting', 'failed'] as const)('is not ready while its device is %s', async (state) => {
    const app = await application.rebuild({ deviceState: () => ({ state, detail: 'No provider yet.' }) });
    const response = await app.inject('/readyz');
    expect(response.headers['retry-after']).toBe('2');
    expect(response.json()).toMatchObject({
      code: 'unavailable',
      status: 503,
      checks: { device: { ok: false, detail: 'No provider yet.' }, store: { ok: true } },
    });
  });

  test.each([
    ['database', 'records'],
    ['queue', 'queue'],
    ['store', 'store'],
  ] as const)('names the %s where it is away, and tells nothing about it', async (name, part) => {
    const ping = async (): Promise<never> => await Promise.reject(new Error('redis://secret@host'));
    const app = await application.rebuild({ [part]: { ...application.parts[part], ping } });
    const response = await app.inject('/readyz');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ detail: `Not ready: ${name}.`, checks: { [name]: { ok: false } } });
    expect(response.body).not.toContain('secret');
  });
});

describe('what there is', () => {
  test('models, and what fits what', async () => {
    const list = (await get('/v1/models')).json<Record<string, Record<string, unknown>[]>>();
    const base = list['base_models']?.find(({ id }) => id === 'diorama');
    expect(base).toMatchObject({ default: true, defaults: { width: 256, scheduler: 'dpmpp_2m' } });
    const fitting = list['controlnets']?.filter(({ bundled_with: owner }) => owner === 'diorama');
    expect(fitting?.map(({ type }) => type).toSorted()).toEqual(['canny', 'depth', 'openpose', 'seg']);
    expect(base?.['controlnets']).toEqual(expect.arrayContaining(fitting!.map(({ id }) => id)));
    expect(JSON.stringify(list)).not.toContain(process.cwd());
  });

  test('annotators, and how those are brought that are not there', async () => {
    const { annotators } = (await get('/v1/models')).json<{ annotators: Record<string, unknown>[] }>();
    expect(annotators.find(({ id }) => id === 'fastdepth')).toEqual({
      id: 'fastdepth',
      title: 'FastDepth, distances in rooms',
      licence: 'MIT',
      conditions: ['depth', 'normal'],
      option: 'fastdepth',
      bundled: true,
      state: 'present',
      pull: null,
    });
    expect(annotators.find(({ id }) => id === 'depth-anything-v2-small')).toMatchObject({
      licence: 'Apache-2.0',
      conditions: ['depth'],
      option: 'depth-anything-v2-small',
      bundled: false,
      state: 'missing',
      pull: 'armature models pull depth-anything-v2-small',
    });
  });

  test('conditions, with the schema of their options', async () => {
    const { data } = (await get('/v1/conditions')).json<{ data: Record<string, unknown>[] }>();
    expect(data.map(({ id }) => id)).toEqual(conditionIds);
    expect(data.find(({ id }) => id === 'canny')).toMatchObject({
      accepts: ['photo', 'map'],
      options: { properties: { low_threshold: { default: 100 } } },
    });
    expect(data.find(({ id }) => id === 'seg')).toMatchObject({
      accepts: ['photo', 'map'],
      options: { properties: { from: { default: 'photo' } } },
    });
  });

  test('a signpost at the root', async () => {
    expect((await get('/')).json()).toMatchObject({ name: 'Armature', openapi: '/openapi.json' });
  });
});

describe('POST /v1/conditions/{type}', () => {
  test('makes an extraction job like any other', async () => {
    const form = await multipart({ image: await pictureFile(), options: '{"low_threshold":50}' });
    const response = await application.app.inject({ method: 'POST', url: '/v1/conditions/canny', ...form });
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({
      kind: 'extraction',
      status: 'queued',
      effective: { condition: 'canny', options: { low_threshold: 50, high_threshold: 200 } },
    });
    const job = (await get(String(response.headers.location))).json();
    expect(job).toMatchObject({ kind: 'extraction', outputs: [], maps: [] });
  });

  test.each([
    ['cany', {}, 'unknown_condition', 'type'],
    ['depth', { resolution: 10 }, 'invalid_request', 'resolution'],
    ['canny', { options: { low: 1 } }, 'invalid_request', 'options.low'],
    ['canny', { option: {} }, 'invalid_request', 'option'],
  ])('%s with %j is refused', async (type, extra, code, field) => {
    const image = { data: (await pictureFile()).toString('base64') };
    const payload = { image, ...extra };
    const response = await application.app.inject({ method: 'POST', url: `/v1/conditions/${type}`, payload });
    expect(response.json()).toMatchObject({ code, field });
  });
});

describe('uploads', () => {
  test.each([
    [{ payload: 'x', headers: { 'content-type': 'image/png' } }, 'invalid_image'],
    [{ payload: '{}', headers: { 'content-type': 'application/json' } }, 'unsupported_media_type'],
    [{ payload: '', headers: {} }, 'unsupported_media_type'],
  ])('refuse %j', async (request, code) => {
    const response = await application.app.inject({ method: 'POST', url: '/v1/uploads', ...request });
    expect(response.json()).toMatchObject({ code });
  });

  test('take one file at a time', async () => {
    const picture = await pictureFile();
    const form = await multipart({ a: picture, b: picture });
    const response = await application.app.inject({ method: 'POST', url: '/v1/uploads', ...form });
    expect(response.json<{ detail: string }>().detail).toContain('exactly one file part but received 2 files');
  });

  test('are found by their id only', async () => {
    expect((await get('/v1/uploads/upl_1')).json()).toMatchObject({ code: 'not_found' });
  });

  test('are the only place where a picture is a body', async () => {
    const request = { payload: await pictureFile(), headers: { 'content-type': 'image/png' } };
    const response = await application.app.inject({ method: 'POST', url: '/v1/generations', ...request });
    expect(response.json()).toMatchObject({ code: 'unsupported_media_type', status: 415 });
  });
});
