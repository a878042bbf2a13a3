import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { type IssuedKey, issueKey } from '../../src/records/access/issue-key.ts';
import { type Application, finishJob, openApplication } from './application.ts';

let application: Application;
let key: IssuedKey;
let stranger: IssuedKey;
let job: string;
let paths: readonly string[];

const make = async (request: Readonly<Record<string, unknown>> = {}): Promise<IssuedKey> =>
  await issueKey(application.parts.records.keys, keyRequest.parse({ name: 'test', ...request }));
const shown = ({ text }: IssuedKey) => ({ authorization: `Bearer ${text}` });

async function sign(signer: IssuedKey, given: readonly string[], expires_s = 60, app = application.app) {
  const payload = { paths: given, expires_s };
  return await app.inject({ method: 'POST', url: '/v1/signed-urls', headers: shown(signer), payload });
}

async function signed(path: string, signer = key, expires_s = 60): Promise<string> {
  return (await sign(signer, [path], expires_s)).json<{ urls: string[] }>().urls[0]!;
}

const status = async (url: string, method: 'GET' | 'HEAD' | 'POST' | 'DELETE' = 'GET', headers = {}) =>
  (await application.app.inject({ method, url, headers })).statusCode;

beforeAll(async () => {
  application = await openApplication();
  [key, stranger] = [await make(), await make({ tenant: 'other' })];
  const payload = {
    prompt: 'x',
    controls: [{ type: 'canny', image: { data: onePixel }, preprocess: false }],
    width: 64,
    height: 64,
  };
  const answer = await application.app.inject({
    method: 'POST',
    url: '/v1/generations',
    headers: shown(key),
    payload,
  });
  job = answer.json<{ id: string }>().id;
  await finishJob(application, { id: job });
  paths = ['outputs/0', 'maps/0', 'events'].map((rest) => `/v1/generations/${job}/${rest}`);
});
afterAll(async () => await application.close());

const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';

describe('signed addresses', () => {
  test('open outputs, maps and events without a key, in the order of the paths', async () => {
    const answer = await sign(key, paths);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { urls, expires_at } = answer.json<{ urls: string[]; expires_at: string }>();
    expect(urls.map((url) => url.split('?')[0])).toEqual(paths);
    expect(Math.abs(Date.parse(expires_at) - Date.now() - 60_000)).toBeLessThan(10_000);
    expect(await Promise.all(paths.map(async (path) => await status(path)))).toEqual([401, 401, 401]);
    expect(await Promise.all(urls.map(async (url) => await status(url)))).toEqual([200, 200, 200]);
  });

  test('are those of trainings too', async () => {
    for (const path of ['/v1/trainings/trn_none/events', '/v1/trainings/trn_none/files/0']) {
      expect(await status(path)).toBe(401);
      expect(await status(await signed(path))).toBe(404);
    }
  });

  test('are shown by pages of other origins, and kept by no shared cache', async () => {
    const headers = { origin: 'https://app.example.com', host: 'elsewhere.example', 'sec-fetch-site': 'cross-site' };
    const response = await application.app.inject({ url: await signed(paths[0]!), headers });
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': 'https://app.example.com',
      'cache-control': 'private, no-cache',
    });
    expect(response.headers['content-type']).toBe('image/png');
  });

  test('take HEAD, a Range and a condition, and no other method', async () => {
    const url = await signed(paths[0]!);
    expect(await status(url, 'HEAD')).toBe(200);
    const part = await application.app.inject({ url, headers: { range: 'bytes=0-3' } });
    expect([part.statusCode, part.rawPayload.length]).toEqual([206, 4]);
    expect(await status(url, 'GET', { 'if-none-match': part.headers.etag })).toBe(304);
    for (const method of ['POST', 'DELETE'] as const) expect(await status(url, method)).toBeGreaterThanOrEqual(401);
    const query = url.slice(url.indexOf('?'));
    expect(await status(`/v1/generations/${job}${query}`, 'DELETE')).toBe(401);
    expect(await status(`/v1/generations/${job}${query}`)).toBe(401);
  });

  test.each<readonly [string, (url: string) => string]>([
    ['another output', (url) => url.replace('outputs/0', 'outputs/1')],
    ['a map', (url) => url.replace('outputs', 'maps')],
    ['another job', (url) => url.replace(/gen_\w/, 'gen_z')],
    ['another spelling', (url) => url.replace('outputs', 'output%73')],
    ['another spelling of the index', (url) => url.replace('outputs/0', 'outputs/00')],
    ['a slash more', (url) => url.replace('/v1', '//v1')],
    ['a later end', (url) => url.replace(/expires=\d/, (text) => text.replace(/\d/, '9'))],
    ['another signer', (url) => url.replace(key.key.id, stranger.key.id)],
    ['the operator', (url) => url.replace(key.key.id, 'admin')],
    ['nobody', (url) => url.replace(key.key.id, 'anonymous')],
    ['no signature', (url) => url.replace(/signature=.*/, 'signature=')],
    ['a short signature', (url) => url.slice(0, -1)],
    ['a longer signature', (url) => `${url}A`],
    [
      'a wrong signature',
      (url) => url.replace(/signature=./, (text) => (text.endsWith('A') ? 'signature=B' : 'signature=A')),
    ],
    ['two signatures', (url) => `${url}&${url.split('&').at(-1)}`],
    ['another tenant', (url) => `${url}&tenant=other`],
    ['a tenant before', (url) => url.replace('?', '?tenant=other&')],
    ['a second query', (url) => `${url}?x`],
    ['a parameter more', (url) => `${url}&x=1`],
    ['another order', (url) => url.replace(/\?(expires=\d+)&(signer=\w+)/, '?$2&$1')],
  ])('are good as they stand alone, and not with %s', async (_, change) => {
    const url = await signed(paths[0]!);
    const changed = change(url);
    expect(changed).not.toBe(url);
    expect([401, 404]).toContain(await status(changed));
  });

  test.each([
    '/v1/generations',
    '/v1/keys',
    '/metrics',
    '/v1/generations/gen_1',
    '/v1/generations/gen_1/outputs/0?tenant=other',
    '/v1/generations/gen_1/outputs/0#x',
    '/v1/generations/gen_1/outputs/../outputs/0',
    '/v1/generations/../keys/outputs/0',
    '/v1/generations/gen_1/outputs/00',
    '/v1/generations/gen_1/outputs/0/',
    '/v1/generations/gen%5F1/outputs/0',
    'v1/generations/gen_1/outputs/0',
    '//evil.example/v1/generations/gen_1/outputs/0',
    'https://evil.example/v1/generations/gen_1/outputs/0',
    '/v1/generations/gen_1/outputs/0\n',
    '',
  ])('are made of nothing but outputs, maps and events: not of %j', async (path) => {
    const answer = await sign(key, [paths[0]!, path]);
    expect(answer.json()).toMatchObject({ code: 'invalid_request', field: 'paths[1]' });
  });

  test.each([
    { paths: [] },
    { paths: Array.from({ length: 101 }, () => '/v1/generations/gen_1/events') },
    { paths: ['/v1/generations/gen_1/events'], expires_s: 0 },
    { paths: ['/v1/generations/gen_1/events'], expires_s: 3601 },
    { paths: ['/v1/generations/gen_1/events'], expires_s: 1.5 },
    { paths: ['/v1/generations/gen_1/events'], method: 'DELETE' },
    {},
  ])('are asked for within limits: not %j', async (payload) => {
    const answer = await application.app.inject({
      method: 'POST',
      url: '/v1/signed-urls',
      headers: shown(key),
      payload,
    });
    expect(answer.json()).toMatchObject({ code: 'invalid_request' });
  });

  test('need a key that may read', async () => {
    const maker = await make({ scopes: ['generate'] });
    expect((await sign(maker, paths)).statusCode).toBe(403);
    expect((await sign(await make({ scopes: ['read'] }), paths)).statusCode).toBe(200);
    const none = await application.app.inject({ method: 'POST', url: '/v1/signed-urls', payload: { paths } });
    expect(none.statusCode).toBe(401);
  });

  test('show what is their signer’s: of another tenant there is nothing', async () => {
    expect(await status(await signed(paths[0]!, stranger))).toBe(404);
  });

  test('end at their time, and with their key', async () => {
    const brief = await make({ expires_at: new Date(application.parts.clock().getTime() + 30_000).toISOString() });
    const answer = (await sign(brief, [paths[0]!], 3600)).json<{ urls: string[]; expires_at: string }>();
    expect(answer.expires_at).toBe(brief.key.expiresAt!.toISOString());
    const long = await signed(paths[0]!, key, 3600);
    const short = await signed(paths[0]!, key, 10);
    application.passTime(10_000);
    expect([await status(short), await status(long)]).toEqual([401, 200]);
    expect((await application.app.inject(short)).json()).toMatchObject({
      code: 'unauthorized',
      detail: expect.stringContaining('expired on'),
    });
    const revoked = await make();
    const dead = await signed(paths[0]!, revoked, 3600);
    expect(await status(dead)).toBe(200);
    await application.parts.records.keys.revoke(revoked.key.id);
    await expect.poll(async () => await status(dead)).toBe(401);
  });

  test('are good in every process, and after a restart', async () => {
    const url = await signed(paths[0]!);
    const other = await application.rebuild({});
    expect((await other.inject(url)).statusCode).toBe(200);
  });

  test('of events end a stream that is open', async () => {
    const app = await application.rebuild({});
    await app.listen({ host: '127.0.0.1', port: 0 });
    const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const waiting = await app.inject({
      method: 'POST',
      url: '/v1/generations',
      headers: shown(key),
      payload: { prompt: 'waits' },
    });
    const path = `/v1/generations/${waiting.json<{ id: string }>().id}/events`;
    const open = await fetch(base + (await signed(path, key, 20)));
    expect(open.status).toBe(200);
    application.passTime(20_000);
    expect(await open.text()).toContain('event: queued');
    const another = await make();
    const again = await fetch(base + (await signed(path, another, 3600)));
    await application.parts.records.keys.revoke(another.key.id);
    expect(await again.text()).toContain('event: queued');
  });

  test('count as requests of their key, and wrong ones as guesses', async () => {
    // Minutes are counted: none may begin meanwhile, however slow the machine is.
    const now = new Date(Date.now() - (Date.now() % 60_000) + 30_000);
    const app = await application.rebuild({ clock: () => now });
    const signedHere = async (signer: IssuedKey): Promise<string> =>
      (await sign(signer, [paths[0]!], 60, app)).json<{ urls: string[] }>().urls[0]!;
    const url = await signedHere(await make({ reads_per_minute: 2 }));
    expect([(await app.inject(url)).statusCode, (await app.inject(url)).statusCode]).toEqual([200, 429]);
    const good = await signedHere(key);
    const wrong = `${good.slice(0, -5)}AAAAA`;
    for (let time = 0; time < 60; time += 1) expect((await app.inject(wrong)).statusCode).toBe(401);
    expect((await app.inject(wrong)).statusCode).toBe(429);
    expect((await app.inject(good)).statusCode).toBe(200);
  });

  test('stand in no line of a log', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const app = await application.rebuild({ log });
    const url = await signed(paths[0]!);
    for (const changed of [
      url,
      `${url}&x=1`,
      url.replace('outputs/0', 'outputs/9'),
      `${url}%`,
      url.replace('/v1', '/v2'),
    ])
      await app.inject(changed);
    const signature = url.split('signature=')[1]!;
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes(signature))).toEqual([]);
  });

  test('are under the public URL where there is one, which paths may be given with', async () => {
    const { settings } = application.parts;
    const publicUrl = 'https://draw.example.com/armature';
    const app = await application.rebuild({ settings: { ...settings, publicUrl } });
    const answer = await sign(key, [`${publicUrl}${paths[0]!}`, paths[1]!], 60, app);
    const { urls } = answer.json<{ urls: string[] }>();
    expect(urls.map((url) => url.split('?')[0])).toEqual([`${publicUrl}${paths[0]!}`, `${publicUrl}${paths[1]!}`]);
    expect((await app.inject(urls[0]!.slice(publicUrl.length))).statusCode).toBe(200);
  });
});

describe('on a server without keys', () => {
  let keyless: Application;
  beforeAll(async () => (keyless = await openApplication()));
  afterAll(async () => await keyless.close());

  test('addresses are signed by this machine for pages of any origin, until there is a key', async () => {
    const { app } = keyless;
    const made = await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' } });
    const { id } = made.json<{ id: string }>();
    await finishJob(keyless, { id });
    const path = `/v1/generations/${id}/outputs/0`;
    const ask = async (headers = {}) =>
      await app.inject({ method: 'POST', url: '/v1/signed-urls', payload: { paths: [path] }, headers });
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await ask(foreign)).statusCode).toBe(403);
    const [url] = (await ask()).json<{ urls: string[] }>().urls;
    expect((await app.inject({ url: path, headers: foreign })).statusCode).toBe(403);
    const picture = await app.inject({ url: url!, headers: foreign });
    expect([picture.statusCode, picture.headers['cross-origin-resource-policy']]).toEqual([200, 'cross-origin']);
    await issueKey(keyless.parts.records.keys, keyRequest.parse({ name: 'first' }));
    await expect.poll(async () => (await app.inject(url!)).statusCode).toBe(401);
  });

  test('the operator’s own key signs, and what it signed ends when it is changed', async () => {
    const { settings } = keyless.parts;
    const withKey = async (adminKey: string) =>
      await keyless.rebuild({ settings: { ...settings, access: { ...settings.access, adminKey } } });
    const [one, two] = [await withKey('a'.repeat(32)), await withKey('b'.repeat(32))];
    const answer = await one.inject({
      method: 'POST',
      url: '/v1/signed-urls',
      headers: { 'x-api-key': 'a'.repeat(32) },
      payload: { paths: ['/v1/generations/gen_1/outputs/0'] },
    });
    const [url] = answer.json<{ urls: string[] }>().urls;
    expect([(await one.inject(url!)).statusCode, (await two.inject(url!)).statusCode]).toEqual([404, 401]);
  });
});
