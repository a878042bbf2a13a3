import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { type IssuedKey, issueKey, replaceKey } from '../../src/records/access/issue-key.ts';
import { eraseTenant } from '../../src/retention/erase-tenant.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { type Application, finishJob, openApplication, pictureFile } from './application.ts';

let application: Application;
/** Two processes over the same records. */
let apps: readonly [FastifyInstance, FastifyInstance];
let bases: readonly string[];

/** An object that never comes to its end: what a client downloads for as long as it likes. */
function endless(store: ObjectStore): ObjectStore {
  const read: ObjectStore['read'] = async () => {
    const chunk = Buffer.alloc(1024);
    const stream = new Readable({ read: () => {} });
    stream.push(chunk.subarray(0, 100));
    return stream;
  };
  return new Proxy(store, { get: (target, name) => (name === 'read' ? read : Reflect.get(target, name, target)) });
}

beforeAll(async () => {
  application = await openApplication();
  const store = endless(application.parts.store);
  apps = [await application.rebuild({ store }), await application.rebuild({ store })];
  for (const app of apps) await app.listen({ host: '127.0.0.1', port: 0 });
  bases = apps.map((app) => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
});
afterAll(async () => await application.close());

async function make(request: Readonly<Record<string, unknown>> = {}): Promise<IssuedKey> {
  return await issueKey(application.parts.records.keys, keyRequest.parse({ name: 'test', ...request }));
}

const shown = ({ text }: IssuedKey) => ({ authorization: `Bearer ${text}` });

async function submit(key: IssuedKey, prompt = 'x'): Promise<{ readonly id: string; readonly tenant: string }> {
  const response = await apps[0].inject({
    method: 'POST',
    url: '/v1/generations',
    headers: shown(key),
    payload: { prompt },
  });
  return { id: response.json<{ id: string }>().id, tenant: key.key.tenant };
}

/** Resolves when an answer's body has come to its end, by whichever way. */
async function over(response: Response): Promise<string> {
  return await response.text().then(
    (text) => `ended ${text.length > 0}`,
    () => 'broken off',
  );
}

interface End {
  readonly how: string;
  readonly end: (key: IssuedKey) => Promise<unknown>;
  /** What the key is made with. */
  readonly request?: () => Readonly<Record<string, unknown>>;
}

const ends: readonly End[] = [
  { how: 'is revoked', end: async ({ key }) => await application.parts.records.keys.revoke(key.id) },
  { how: 'is revoked over HTTP', end: async ({ key }) => await revokeOverHttp(key.id) },
  {
    how: 'is rotated without overlap',
    end: async ({ key }) => await replaceKey(application.parts.records.keys, key.id, 0),
  },
  {
    how: 'expires',
    end: async () => application.passTime(100_000),
    request: () => ({ expires_at: new Date(application.parts.clock().getTime() + 90_000).toISOString() }),
  },
];

async function revokeOverHttp(id: string): Promise<void> {
  const admin = await make({ scopes: ['admin'] });
  const url = `/v1/keys/${id}/revoke`;
  expect((await apps[0].inject({ method: 'POST', url, headers: shown(admin) })).statusCode).toBe(200);
}

describe.each([0, 1])('in process %d, a key that', (process) => {
  const open = async (key: IssuedKey, path: string, headers: Readonly<Record<string, string>> = {}) =>
    await fetch(bases[process] + path, { headers: { ...shown(key), ...headers } });

  test.each(ends)('$how ends its streams, downloads, archives and waits, and no others', async ({ end, request }) => {
    const [key, other] = [await make(request?.()), await make()];
    const job = await submit(key);
    const done = await submit(key, 'done');
    await finishJob(application, done);
    const { id, items_url: items } = await batchOf(key);
    const [item] = (await apps[0].inject({ url: items, headers: shown(key) })).json<{ data: { id: string }[] }>().data;
    await finishJob(application, item!);

    const events = await open(key, `/v1/generations/${job.id}/events`);
    const batchEvents = await open(key, `/v1/batches/${(await batchOf(key)).id}/events`);
    const download = await open(key, `/v1/generations/${done.id}/outputs/0`);
    const archive = await open(key, `/v1/batches/${id}/results`, { accept: 'application/zip' });
    const wait = fetch(`${bases[process]}/v1/generations`, {
      method: 'POST',
      headers: { ...shown(key), 'content-type': 'application/json', prefer: 'wait=60' },
      body: '{"prompt": "waits"}',
    });
    await expect.poll(async () => await countOf(key)).toBe(5);
    expect([events, batchEvents, download, archive].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const untouched = await open(other, `/v1/generations/${job.id}/events`);

    await end(key);
    expect(await Promise.all([events, batchEvents, download, archive].map(over))).toEqual([
      'ended true',
      'ended true',
      'broken off',
      'broken off',
    ]);
    const answer = await wait;
    expect(answer.status).toBe(401);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.json()).toMatchObject({ code: 'unauthorized', status: 401 });
    const reader = untouched.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    await reader.cancel();
  });

  test('is revoked keeps nothing of what it was still sending', async () => {
    const key = await make();
    const url = new URL('/v1/uploads', bases[process]);
    const picture = await pictureFile('png', 33, 44);
    const headers = { ...shown(key), 'content-type': 'image/png', 'content-length': picture.length };
    const upload = httpRequest(url, { method: 'POST', headers });
    const closed = once(upload, 'error');
    upload.write(picture.subarray(0, 100));
    upload.flushHeaders();
    // The key was used: its request has arrived.
    await expect
      .poll(async () => (await application.parts.records.keys.find(key.key.id))!.key.lastUsedAt)
      .toBeInstanceOf(Date);
    await application.parts.records.keys.revoke(key.key.id);
    await closed;
    const rows = await application.query<{ n: number }>(
      'select count(*)::int as n from armature.upload where width = 33',
    );
    expect(rows[0]!.n).toBe(0);
  });

  async function batchOf(key: IssuedKey): Promise<{ readonly id: string; readonly items_url: string }> {
    const payload = { items: [{ prompt: 'x' }] };
    return (await apps[0].inject({ method: 'POST', url: '/v1/batches', headers: shown(key), payload })).json();
  }

  async function countOf({ key }: IssuedKey): Promise<number> {
    const jobs = await application.parts.records.listJobs(key.tenant, { limit: 100 });
    return jobs.filter(({ createdAt }) => createdAt >= key.createdAt).length;
  }
});

test('the keys of a tenant that is erased end as well', async () => {
  const key = await make({ tenant: 'gone' });
  const job = await submit(key);
  const events = await fetch(`${bases[1]}/v1/generations/${job.id}/events`, { headers: shown(key) });
  expect(events.status).toBe(200);
  const { records, store, queue } = application.parts;
  const removeTicket = async (id: string) => await queue.remove(id);
  await eraseTenant({ records, store, removeTicket }, 'gone');
  await over(events);
  const again = await fetch(`${bases[1]}/v1/generations/${job.id}/events`, { headers: shown(key) });
  expect(again.status).toBe(401);
});

describe('where keys are looked at once a minute', () => {
  let base: string;
  beforeAll(async () => {
    const { settings } = application.parts;
    const app = await application.rebuild({
      settings: { ...settings, limits: { ...settings.limits, pollMs: 60_000 } },
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  });

  test('a stream ends when its key is revoked, for it is told', async () => {
    const key = await make();
    const { id } = await submit(key);
    const events = await fetch(`${base}/v1/generations/${id}/events`, { headers: shown(key) });
    expect(events.status).toBe(200);
    await application.parts.records.keys.revoke(key.key.id);
    expect(await over(events)).toBe('ended true');
  });

  test('a stream of a signed address ends when the address does', async () => {
    const key = await make();
    const { id } = await submit(key);
    const payload = { paths: [`/v1/generations/${id}/events`], expires_s: 2 };
    const answer = await apps[0].inject({ method: 'POST', url: '/v1/signed-urls', headers: shown(key), payload });
    const [url] = answer.json<{ urls: string[] }>().urls;
    const events = await fetch(base + url!);
    expect(events.status).toBe(200);
    expect(await over(events)).toBe('ended true');
  });
});
