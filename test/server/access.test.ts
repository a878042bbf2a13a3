import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKeyText } from '../../src/access/key-text.ts';
import { keyRequest } from '../../src/access/key-request.ts';
import type { Scope } from '../../src/access/scopes.ts';
import { type IssuedKey, issueKey } from '../../src/records/access/issue-key.ts';
import type { AccessSettings } from '../../src/server/parts/parts.ts';
import { type Application, openApplication } from './application.ts';

const adminKey = 'an-operators-own-key-0123456789-0123456789';

/** Settings of a server, as the table below calls them. */
const places = {
  loopback: { adminKey: null, allowAnonymous: false, loopback: true },
  'loopback, anonymous': { adminKey: null, allowAnonymous: true, loopback: true },
  'loopback, admin key': { adminKey, allowAnonymous: false, loopback: true },
  'open, anonymous': { adminKey: null, allowAnonymous: true, loopback: false },
  'open, keys': { adminKey: null, allowAnonymous: false, loopback: false },
  'open, admin key': { adminKey, allowAnonymous: false, loopback: false },
  'open, anonymous, admin key': { adminKey, allowAnonymous: true, loopback: false },
} satisfies Record<string, AccessSettings>;

/** One route for each scope, and a public one. */
const probes = { public: '/livez', read: '/v1/generations', admin: '/v1/keys' } as const;

async function reach(app: FastifyInstance, headers: Record<string, string>): Promise<string> {
  const answers = await Promise.all(
    Object.entries(probes).map(async ([name, url]) => [name, (await app.inject({ url, headers })).statusCode] as const),
  );
  const generate = await app.inject({ method: 'POST', url: '/v1/generations', headers, payload: {} });
  // An empty request is refused for what it lacks, once it is let in.
  return [...answers, ['generate', generate.statusCode === 400 ? 200 : generate.statusCode] as const]
    .filter(([, status]) => status === 200)
    .map(([name]) => name)
    .toSorted()
    .join(' ');
}

async function make(application: Application, scopes: readonly Scope[], tenant = 'default'): Promise<IssuedKey> {
  return await issueKey(application.parts.records.keys, keyRequest.parse({ name: 'test', tenant, scopes }));
}

const bearer = (text: string): Record<string, string> => ({ authorization: `Bearer ${text}` });

describe('without any key', () => {
  let application: Application;
  beforeAll(async () => {
    application = await openApplication();
  });
  afterAll(async () => await application.close());

  const nothing = {};
  const foreign = bearer(newKeyText().text);
  const placeholder = bearer('sk-none-is-needed');
  const operators = bearer(adminKey);
  test.each([
    ['loopback', nothing, 'admin generate public read'],
    ['loopback', placeholder, 'admin generate public read'],
    ['loopback', { authorization: 'Basic dTpw' }, 'admin generate public read'],
    ['loopback', foreign, 'public'],
    ['loopback', { host: 'evil.example.com' }, 'public'],
    ['loopback', { origin: 'https://evil.example.com' }, 'public'],
    ['loopback', { 'sec-fetch-site': 'cross-site' }, 'public'],
    ['loopback', { 'x-forwarded-for': '203.0.113.9' }, 'generate public read'],
    ['loopback, anonymous', nothing, 'admin generate public read'],
    ['loopback, anonymous', { host: 'evil.example.com' }, 'generate public read'],
    ['loopback, anonymous', { origin: 'https://evil.example.com' }, 'generate public read'],
    ['loopback, anonymous', { 'sec-fetch-site': 'cross-site' }, 'generate public read'],
    ['loopback, admin key', nothing, 'public'],
    ['loopback, admin key', operators, 'admin generate public read'],
    ['loopback, admin key', { 'x-api-key': adminKey }, 'admin generate public read'],
    ['loopback, admin key', placeholder, 'public'],
    ['open, anonymous', nothing, 'generate public read'],
    ['open, anonymous', placeholder, 'generate public read'],
    ['open, anonymous', foreign, 'public'],
    ['open, admin key', nothing, 'public'],
    ['open, admin key', operators, 'admin generate public read'],
    ['open, anonymous, admin key', nothing, 'generate public read'],
    ['open, anonymous, admin key', placeholder, 'public'],
    ['open, anonymous, admin key', operators, 'admin generate public read'],
  ] as const)('a server that is %s lets %j reach: %s', async (place, headers, expected) => {
    const { settings } = application.parts;
    const app = await application.rebuild({ settings: { ...settings, access: places[place] } });
    expect(await reach(app, headers)).toBe(expected);
  });

  test('a key that has ended before it is made is refused: as the first one it would shut out everybody', async () => {
    const { settings, records, clock } = application.parts;
    const app = await application.rebuild({ settings: { ...settings, access: places.loopback } });
    const payload = { name: 'brief', expires_at: clock().toISOString() };
    const answer = await app.inject({ method: 'POST', url: '/v1/keys', payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid_request', field: 'expires_at' });
    expect(await records.keys.any()).toBe(false);
  });
});

describe('with keys', () => {
  let application: Application;
  let keys: Readonly<Record<string, Record<string, string>>>;
  beforeAll(async () => {
    application = await openApplication();
    const { records } = application.parts;
    const text = async (...scopes: readonly Scope[]) => (await make(application, scopes)).text;
    const revoked = await make(application, ['admin', 'generate', 'read']);
    await records.keys.revoke(revoked.key.id);
    const expired = keyRequest.parse({ name: 'expired', expires_at: '2020-01-01T00:00:00Z' });
    const reader = await text('read');
    keys = {
      nothing: {},
      reader: bearer(reader),
      'reader in X-API-Key': { 'x-api-key': reader },
      maker: bearer(await text('generate')),
      admin: bearer(await text('admin')),
      all: bearer(await text('admin', 'generate', 'read')),
      revoked: bearer(revoked.text),
      expired: bearer((await issueKey(records.keys, expired)).text),
      unknown: bearer(newKeyText().text),
      mistyped: bearer(reader.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))),
      'of the same id': bearer(sameId(reader)),
    };
  });
  afterAll(async () => await application.close());

  test.each([
    ['open, keys', 'nothing', 'public'],
    ['open, keys', 'reader', 'public read'],
    ['open, keys', 'reader in X-API-Key', 'public read'],
    ['open, keys', 'maker', 'generate public'],
    ['open, keys', 'admin', 'admin public'],
    ['open, keys', 'all', 'admin generate public read'],
    ['open, keys', 'revoked', 'public'],
    ['open, keys', 'expired', 'public'],
    ['open, keys', 'unknown', 'public'],
    ['open, keys', 'mistyped', 'public'],
    ['open, keys', 'of the same id', 'public'],
    ['loopback', 'nothing', 'public'],
    ['loopback', 'reader', 'public read'],
    ['open, anonymous', 'nothing', 'generate public read'],
    ['open, anonymous', 'admin', 'admin public'],
    ['open, anonymous', 'unknown', 'public'],
    ['open, anonymous', 'revoked', 'public'],
    ['loopback, anonymous', 'nothing', 'generate public read'],
  ] as const)('a server that is %s lets a key that is %s reach: %s', async (place, key, expected) => {
    const { settings } = application.parts;
    const app = await application.rebuild({ settings: { ...settings, access: places[place] } });
    expect(await reach(app, keys[key]!)).toBe(expected);
  });

  test('a refusal says what is missing, and how to ask for it', async () => {
    const get = async (headers: Record<string, string>) => await application.app.inject({ url: '/v1/keys', headers });
    const none = await get({});
    expect(none.json()).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(none.headers['www-authenticate']).toBe('Bearer realm="armature"');
    const wrong = await get(keys['unknown']!);
    expect(wrong.json()).toMatchObject({ code: 'unauthorized' });
    expect(wrong.headers['www-authenticate']).toContain('error="invalid_token"');
    const reader = await get(keys['reader']!);
    expect(reader.json()).toMatchObject({ code: 'forbidden', status: 403 });
    expect(reader.headers['www-authenticate']).toContain('error="insufficient_scope", scope="admin"');
  });

  test('what is not there is not found without a key', async () => {
    expect((await application.app.inject('/v1/nothing')).statusCode).toBe(404);
    expect((await application.app.inject({ method: 'PUT', url: '/v1/generations' })).statusCode).toBe(405);
  });

  test('a browser may ask what it may send', async () => {
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
    const response = await application.app.inject({ method: 'OPTIONS', url: '/v1/generations', headers });
    expect(response.statusCode).toBe(204);
  });

  test('a key is looked up once for many requests, and not at all once its revocation is known', async () => {
    const { records } = application.parts;
    const { key, text } = await make(application, ['read']);
    let lookups = 0;
    const counting = { ...records.keys, find: (id: string) => records.keys.find(id).finally(() => (lookups += 1)) };
    const app = await application.rebuild({ records: { ...records, keys: counting } });
    const ask = async () => (await app.inject({ url: '/v1/models', headers: bearer(text) })).statusCode;
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    expect(answers.every((status) => status === 200)).toBe(true);
    expect(lookups).toBe(1);
    const told = new Promise<void>((resolve) => {
      const stop = records.keys.onChange((id) => {
        if (id !== key.id) return;
        stop();
        resolve();
      });
    });
    await records.keys.revoke(key.id);
    await told;
    expect(await ask()).toBe(401);
    expect(lookups).toBe(2);
  });

  test('a key that is revoked over HTTP is no good any more, in every process', async () => {
    const other = await application.rebuild({});
    const victim = await make(application, ['read']);
    const read = async (app = application.app) =>
      (await app.inject({ url: '/v1/models', headers: bearer(victim.text) })).statusCode;
    expect([await read(), await read(other)]).toEqual([200, 200]);
    const revoked = await application.app.inject({
      method: 'POST',
      url: `/v1/keys/${victim.key.id}/revoke`,
      // As clients say that always send JSON: there is no body.
      headers: { ...keys['admin'], 'content-type': 'application/json' },
    });
    expect(revoked.statusCode).toBe(200);
    await expect.poll(async () => await read()).toBe(401);
    await expect.poll(async () => await read(other)).toBe(401);
  });

  test('a body of JSON that is wanted has to come', async () => {
    const headers = { ...keys['all'], 'content-type': 'application/json' };
    const response = await application.app.inject({ method: 'POST', url: '/v1/generations', headers });
    expect(response.json()).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('received none'),
    });
  });

  test('the use of a key is noted', async () => {
    const { records } = application.parts;
    const { key, text } = await make(application, ['read']);
    await application.app.inject({ url: '/v1/models', headers: bearer(text) });
    await expect
      .poll(async () => (await records.keys.find(key.id))!.key.lastUsedAt, { timeout: 10_000 })
      .toBeInstanceOf(Date);
  });

  test('an address that keeps guessing is not listened to, but a good key gets in from there, known here or not', async () => {
    const { records, settings } = application.parts;
    const access = places['open, keys'];
    const lookups: string[] = [];
    const counting = { ...records.keys, find: (id: string) => (lookups.push(id), records.keys.find(id)) };
    const changes = { records: { ...records, keys: counting }, settings: { ...settings, access } };
    const app = await application.rebuild(changes);
    const ask = async (headers: Record<string, string>) => await app.inject({ url: '/v1/models', headers });
    for (let time = 0; time < 60; time += 1) expect((await ask({})).statusCode).toBe(401);
    const guess = newKeyText();
    const blocked = await ask(bearer(guess.text));
    expect(blocked.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(0);
    for (const wrong of ['mistyped', 'of the same id', 'revoked', 'expired', 'nothing'])
      expect([wrong, (await ask(keys[wrong]!)).statusCode]).toEqual([wrong, 429]);
    expect((await ask(keys['reader']!)).statusCode).toBe(200);
    expect((await ask(keys['all']!)).statusCode).toBe(200);
    // A guess costs one look, however often it is made.
    for (let time = 0; time < 5; time += 1) expect((await ask(bearer(guess.text))).statusCode).toBe(429);
    expect(lookups.filter((id) => id === guess.id)).toHaveLength(1);
    application.passTime(61_000);
    expect((await ask(keys['unknown']!)).statusCode).toBe(401);
  });
});

/** A whole key with the id of another. */
function sameId(text: string): string {
  const id = text.split('_')[1]!;
  return newKeyText(id).text;
}
