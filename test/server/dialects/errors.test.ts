import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dialects } from '../../../src/server/dialects/registry.ts';
import { type Application, openApplication } from '../application.ts';
import { atelier } from './atelier.ts';

let application: Application;
let app: FastifyInstance;
beforeAll(async () => {
  application = await openApplication();
  app = await application.rebuild({}, [...dialects, atelier]);
});
afterAll(async () => await application.close());

const json = { 'content-type': 'application/json' };

describe('an error below the prefix of a dialect', () => {
  test.each<readonly [string, InjectOptions, number, string]>([
    ['an address where nothing is', { url: '/atelier/nothing' }, 404, 'not_found'],
    ['the prefix alone', { url: '/atelier?x=1' }, 404, 'not_found'],
    ['a browser that goes there', { url: '/atelier/nothing', headers: { accept: 'text/html' } }, 404, 'not_found'],
    ['another method', { method: 'DELETE', url: '/atelier/pictures' }, 405, 'method_not_allowed'],
    ['a schema', { url: '/atelier/numbers/x' }, 422, 'invalid_request'],
    ['an address that cannot be decoded', { url: '/atelier/%zz' }, 422, 'invalid_request'],
    ['a parameter that is too long', { url: `/atelier/numbers/${'1'.repeat(300)}` }, 422, 'invalid_request'],
    ['an address that is too long', { url: `/atelier/pictures?x=${'x'.repeat(5000)}` }, 414, 'uri_too_long'],
    ['no JSON', { method: 'POST', url: '/atelier/pictures', headers: json, payload: '{' }, 422, 'invalid_request'],
    [
      'another type of body',
      { method: 'POST', url: '/atelier/pictures', headers: { 'content-type': 'text/x' }, payload: 'x' },
      415,
      'unsupported_media_type',
    ],
    [
      'a body that is too large',
      { method: 'POST', url: '/atelier/pictures', headers: { ...json, 'content-length': '999999999' } },
      413,
      'payload_too_large',
    ],
    ['a foreign page', { url: '/atelier/numbers/1', headers: { origin: 'https://evil.example' } }, 403, 'forbidden'],
    [
      'an unexpected error',
      { method: 'POST', url: '/atelier/pictures', headers: json, payload: '{}' },
      500,
      'internal',
    ],
  ])('is told as it tells errors: %s', async (_, asked, status, name) => {
    const response = await app.inject(asked);
    expect(response.json()).toEqual({
      wrong: expect.objectContaining({ name, words: expect.any(String) }),
      request: expect.stringMatching(/^req_/),
    });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'x-atelier-retry': String(status >= 500),
    });
    expect(response.body).not.toContain('secret');
  });

  test('names the field at fault', async () => {
    const response = await app.inject('/atelier/numbers/x');
    expect(response.json()).toMatchObject({ wrong: { where: 'number' } });
  });

  test('says which methods there are, and when to come again', async () => {
    const wrong = await app.inject({ method: 'DELETE', url: '/atelier/pictures' });
    expect(wrong.headers['allow']).toBe('POST');
    const stopping = await application.rebuild({ draining: AbortSignal.abort() }, [...dialects, atelier]);
    const refused = await stopping.inject({ method: 'POST', url: '/atelier/pictures', headers: json, payload: '{}' });
    expect(refused.json()).toMatchObject({ wrong: { name: 'unavailable' } });
    expect(refused.headers).toMatchObject({ 'retry-after': '2', 'x-atelier-retry': 'true' });
  });

  test('is told so where the request is none that the framework sees', async () => {
    const url = new URL(await app.listen({ port: 0 }));
    const expecting = async (path: string): Promise<unknown> => {
      const asked = send({ host: url.hostname, port: url.port, path, headers: { expect: 'a miracle' } }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      const body: unknown = JSON.parse(Buffer.concat(await response.toArray()).toString());
      return { status: response.statusCode, type: response.headers['content-type'], body };
    };
    expect(await expecting('/atelier/numbers/1?x=1')).toMatchObject({
      status: 417,
      type: 'application/json',
      body: { wrong: { name: 'invalid_request' } },
    });
    expect(await expecting('/atelierx')).toMatchObject({
      status: 417,
      type: 'application/problem+json',
      body: { code: 'invalid_request', status: 417 },
    });
  });
});

test('an error anywhere else is a problem as before', async () => {
  for (const url of ['/v1/generations/x', '/nothing', '/atelierx', '/atelier%2Fx', '/%zz']) {
    const response = await app.inject(url);
    expect([url, response.headers['content-type']]).toEqual([url, 'application/problem+json; charset=utf-8']);
    const before = await application.app.inject(url);
    const { instance: _, ...problem } = response.json<{ instance: string }>();
    expect(before.json()).toMatchObject(problem);
    expect(before.statusCode).toBe(response.statusCode);
  }
});
