import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../../src/access/key-request.ts';
import { type IssuedKey, issueKey } from '../../../src/records/access/issue-key.ts';
import { dialects } from '../../../src/server/dialects/registry.ts';
import { type Application, openApplication } from '../application.ts';
import { atelier } from './atelier.ts';

let application: Application;
let app: FastifyInstance;
let key: IssuedKey;
let reader: IssuedKey;

beforeAll(async () => {
  application = await openApplication();
  const access = { adminKey: 'the key of the operator', allowAnonymous: false, loopback: true };
  app = await application.rebuild({ settings: { ...application.parts.settings, access } }, [...dialects, atelier]);
  key = await make({ scopes: ['read', 'generate'] });
  reader = await make({ scopes: ['read'] });
});
afterAll(async () => await application.close());

async function make(request: Readonly<Record<string, unknown>>): Promise<IssuedKey> {
  return await issueKey(application.parts.records.keys, keyRequest.parse({ name: 'test', ...request }));
}

const pass = ({ text }: IssuedKey) => ({ 'x-atelier-pass': text });
const draw = async (headers: Readonly<Record<string, string>>) =>
  await app.inject({ method: 'POST', url: '/atelier/drawings', headers, payload: { words: 'a house' } });

describe('a key', () => {
  test('is brought as the dialect of the route has it', async () => {
    expect((await draw(pass(key))).statusCode).toBe(201);
    expect((await app.inject({ url: '/atelier/numbers/1', headers: pass(reader) })).json()).toEqual({
      got: { number: 1 },
    });
  });

  test('is of the tenant that it is of everywhere', async () => {
    const { ticket } = (await draw(pass(key))).json<{ ticket: string }>();
    const url = `/v1/generations/${ticket}`;
    const seen = await app.inject({ url, headers: { authorization: `Bearer ${key.text}` } });
    expect(seen.json()).toMatchObject({ id: ticket, effective: { prompt: 'a house' } });
    const other = await make({ tenant: 'another' });
    expect((await app.inject({ url, headers: { 'x-api-key': other.text } })).statusCode).toBe(404);
  });

  test.each([
    ['in our own way below the prefix', '/atelier/numbers/1', () => ({ authorization: `Bearer ${key.text}` })],
    ['in our own header below the prefix', '/atelier/numbers/1', () => ({ 'x-api-key': key.text })],
    ['in the way of a dialect elsewhere', '/v1/generations', () => pass(key)],
  ])('that is brought %s is none', async (_, url, headers) => {
    expect((await app.inject({ url, headers: headers() })).statusCode).toBe(401);
  });
});

describe('who is not let in', () => {
  test('without a key is told how to send one', async () => {
    const refused = await draw({});
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toEqual({
      wrong: { name: 'unauthorized', words: 'Expected an API key: send the header X-Atelier-Pass.', where: null },
      request: expect.stringMatching(/^req_/),
    });
    expect(refused.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'www-authenticate': 'Atelier reason="no key"',
    });
  });

  test('with a key that is not good is told so', async () => {
    const refused = await draw({ 'x-atelier-pass': `${key.text}x` });
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ wrong: { name: 'unauthorized' } });
    expect(refused.headers['www-authenticate']).toBe('Atelier reason="bad key"');
  });

  test('with a key that lacks a scope is told which', async () => {
    const refused = await draw(pass(reader));
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toMatchObject({ wrong: { name: 'forbidden' } });
    expect(refused.headers['www-authenticate']).toBe('Atelier reason="scope" scope="generate"');
  });

  test('any more while an answer is waited for is told so', async () => {
    const short = await make({ scopes: ['read', 'generate'] });
    const recorded = new Promise<void>((resolve) => {
      const stop = application.parts.records.onChange(() => {
        stop();
        resolve();
      });
    });
    const answer = draw({ ...pass(short), 'x-atelier-patience': '30' });
    await recorded;
    await application.parts.records.keys.revoke(short.key.id);
    const refused = await answer;
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ wrong: { name: 'unauthorized' } });
    expect(refused.headers['www-authenticate']).toBe('Atelier reason="bad key"');
  });
});
