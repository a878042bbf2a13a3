import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { quotaWindow } from '../../src/server/load/admission.ts';
import { BodyBudget } from '../../src/server/access/body-budget.ts';
import type { LoadLimits } from '../../src/server/parts/limits.ts';
import { localServer } from '../fetch/local-server.ts';
import { type Application, finishJob, openApplication, pictureFile } from './application.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

let tenants = 0;
async function keyOf(given: object): Promise<{ readonly authorization: string }> {
  const request = keyRequest.parse({ name: 'test', tenant: `tenant-${(tenants += 1)}`, ...given });
  return { authorization: `Bearer ${(await issueKey(application.parts.records.keys, request)).text}` };
}

async function limited(load: Partial<LoadLimits>) {
  const { settings } = application.parts;
  return await application.rebuild({ settings: { ...settings, load: { ...settings.load, ...load } } });
}

const small = { prompt: 'a cube', width: 64, height: 64, steps: 10 };
const smallCost = 64 * 64 * 10;

describe('rates', () => {
  // Of a minute of the clock: the whole of it is ahead, so that none begins meanwhile on a slow machine.
  beforeEach(() => application.passTime(60_000 - (application.parts.clock().getTime() % 60_000)));

  test('are told with each answer, and end in 429 with the time until the next minute', async () => {
    const headers = await keyOf({ reads_per_minute: 3 });
    const ask = async () => await application.app.inject({ url: '/v1/models', headers });
    const first = await ask();
    expect(first.headers['ratelimit-policy']).toBe('"reads";q=3;w=60');
    expect(first.headers['ratelimit']).toMatch(/^"reads";r=2;t=\d+$/);
    await ask();
    await ask();
    const refused = await ask();
    expect(refused.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(refused.headers['ratelimit']).toMatch(/^"reads";r=0;t=\d+$/);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    application.passTime(Number(refused.headers['retry-after']) * 1000);
    expect((await ask()).statusCode).toBe(200);
  });

  test('of submissions and of reads are apart', async () => {
    const headers = await keyOf({ submissions_per_minute: 1 });
    const submit = async () =>
      await application.app.inject({ method: 'POST', url: '/v1/generations', headers, payload: small });
    expect((await submit()).statusCode).toBe(202);
    expect((await submit()).json()).toMatchObject({ code: 'rate_limited' });
    const read = await application.app.inject({ url: '/v1/generations', headers });
    expect(read.statusCode).toBe(200);
    expect(read.headers['ratelimit']).toBeUndefined();
    // A piece of a training set is part of a submission that was counted.
    const piece = await application.app.inject({
      method: 'PUT',
      url: '/v1/uploads/upl_none',
      headers,
      payload: Buffer.from('PK'),
    });
    expect(piece.statusCode).toBe(404);
  });

  test('are the server’s own where a key has none, and count a key in all processes', async () => {
    const [one, other] = [await limited({ readsPerMinute: 4 }), await limited({ readsPerMinute: 4 })];
    const headers = await keyOf({});
    const ask = async (app: typeof one) => (await app.inject({ url: '/v1/models', headers })).statusCode;
    expect([await ask(one), await ask(one), await ask(one)]).toEqual([200, 200, 200]);
    // Half a second later the first process has told records what it counted.
    application.passTime(600);
    expect(await ask(one)).toBe(200);
    await expect.poll(async () => await ask(await limited({ readsPerMinute: 4 }))).toBe(429);
    expect(await ask(other)).toBe(429);
  });
});

describe('quotas', () => {
  test('are spent by what is accepted, and by nothing else', async () => {
    const headers = await keyOf({ quota: { cost: 2.5 * smallCost, window: 'day' } });
    const submit = async (payload: object) =>
      await application.app.inject({ method: 'POST', url: '/v1/generations', headers, payload });
    expect((await submit({ ...small, steps: 'many' })).statusCode).toBe(400);
    expect((await submit(small)).statusCode).toBe(202);
    expect((await submit({ ...small, count: 2 })).json()).toMatchObject({ code: 'quota_exceeded', status: 429 });
    expect((await submit(small)).statusCode).toBe(202);
    const refused = await submit(small);
    expect(refused.json<{ detail: string }>().detail).toContain(
      `${2 * smallCost} of ${2.5 * smallCost} are spent this day`,
    );
    const { end } = quotaWindow('day', application.parts.clock().getTime());
    const left = (end.getTime() - application.parts.clock().getTime()) / 1000;
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(Math.floor(left));
    application.passTime(left * 1000);
    expect((await submit(small)).statusCode).toBe(202);
  });

  test('that a request could never keep within are not waited for', async () => {
    const headers = await keyOf({ quota: { cost: 10, window: 'month' } });
    const refused = await application.app.inject({ method: 'POST', url: '/v1/generations', headers, payload: small });
    expect(refused.json()).toMatchObject({ code: 'quota_exceeded' });
    expect(refused.headers['retry-after']).toBeUndefined();
  });

  test('are spent by extractions, too', async () => {
    const headers = await keyOf({ quota: { cost: 1_000_000, window: 'day' } });
    const payload = { image: { data: (await pictureFile()).toString('base64') } };
    const extract = async () =>
      (await application.app.inject({ method: 'POST', url: '/v1/conditions/canny', headers, payload })).statusCode;
    expect([await extract(), await extract()]).toEqual([202, 429]);
  });

  test('are spent by batches as their pictures turn out to be once they are fetched', async () => {
    const picture = await pictureFile('png', 64, 64);
    const server = await localServer((_request, response) => response.end(picture));
    const app = await application.rebuild({ fetcher: createFetcher({ allow: [server.host] }) });
    const headers = await keyOf({ quota: { cost: 2 * 64 * 64 * 3, window: 'day' } });
    const item = { prompt: 'x', steps: 4, init_image: { url: `${server.origin}/a.png` } };
    const submit = async (items: readonly object[]) =>
      await app.inject({ method: 'POST', url: '/v1/batches', headers, payload: { items } });
    expect((await submit([item, item])).statusCode).toBe(202);
    expect((await submit([item])).json()).toMatchObject({ code: 'quota_exceeded' });
  });

  test('are given back where the job could not be recorded', async () => {
    const { records } = application.parts;
    const headers = await keyOf({ quota: { cost: smallCost, window: 'day' } });
    const broken = await application.rebuild({
      records: { ...records, insertJob: async () => await Promise.reject(new Error('no room')) },
    });
    const request = { method: 'POST', url: '/v1/generations', headers, payload: small } as const;
    expect((await broken.inject(request)).statusCode).toBe(500);
    expect((await application.app.inject(request)).statusCode).toBe(202);
  });

  test.each([
    ['day', '2026-02-28T23:59:59Z', '2026-02-28', '2026-03-01'],
    ['month', '2026-12-31T12:00:00Z', '2026-12-01', '2027-01-01'],
  ] as const)('of a %s around %s last from %s to %s', (window, now, start, end) => {
    expect(quotaWindow(window, Date.parse(now))).toEqual({ start: new Date(start), end: new Date(end) });
  });
});

describe('the queue', () => {
  test('takes no more than may wait, of one tenant or of all, and says when it is worth trying again', async () => {
    const headers = await keyOf({});
    const request = { method: 'POST', url: '/v1/generations', headers, payload: small } as const;
    const accepted = await application.app.inject(request);
    const own = await limited({ maxQueuedPerTenant: 2 });
    expect((await own.inject(request)).statusCode).toBe(202);
    const tooMany = await own.inject(request);
    expect(tooMany.json()).toMatchObject({ code: 'too_many_queued', status: 429 });
    // Nothing is known of how long jobs take yet.
    expect(tooMany.headers['retry-after']).toBe('10');
    const full = await (await limited({ maxQueued: 2 })).inject(request);
    expect(full.json()).toMatchObject({ code: 'queue_full', status: 503 });
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);
    const id = accepted.json<{ id: string }>().id;
    expect(
      (await application.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel`, headers })).json(),
    ).toMatchObject({ status: 'cancelled' });
    application.passTime(600);
    expect((await own.inject(request)).statusCode).toBe(202);
  });

  test('says how long it takes until there is room, once it is known how fast jobs are drawn', async () => {
    const admin = await keyOf({ tenant: 'default' });
    const request = { method: 'POST', url: '/v1/generations', headers: admin, payload: small } as const;
    const job = (await application.app.inject(request)).json<{ id: string }>();
    await finishJob(application, job);
    application.passTime(6000);
    await application.app.inject(request);
    const refused = await (await limited({ maxQueuedPerTenant: 1 })).inject(request);
    expect(refused.json()).toMatchObject({ code: 'too_many_queued' });
    expect(refused.headers['retry-after']).toBe('1');
  });

  test('reckons with what the jobs that wait cost, and for who never drew with what was drawn for others', async () => {
    const others = await keyOf({ tenant: 'default' });
    const draw = async (payload: object, app = application.app, headers = others) =>
      await app.inject({ method: 'POST', url: '/v1/generations', headers, payload });
    const job = (await draw(small)).json<{ id: string }>();
    await finishJob(application, job);
    application.passTime(6000);
    const newcomer = await keyOf({});
    const costly = { prompt: 'a cube', width: 512, height: 512, steps: 150, count: 8 };
    expect((await draw(costly, application.app, newcomer)).statusCode).toBe(202);
    application.passTime(600);
    const refused = await draw(costly, await limited({ maxQueuedPerTenant: 1 }), newcomer);
    // 7680 times as much as what took some milliseconds.
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(10);
  });
});

describe('the budget of bodies', () => {
  test('lets through what fits, and anything alone', () => {
    const budget = new BodyBudget(100);
    const [large, other] = [budget.open('one'), budget.open('other')];
    large.add(300);
    expect(() => other.add(1)).toThrow(expect.objectContaining({ code: 'overloaded', retryAfter: 1 }));
    large.close();
    large.close();
    expect(budget.taken).toBe(0);
    large.add(60);
    expect(() => other.add(41)).toThrow();
    other.add(40);
    other.close();
    large.close();
    expect(budget.taken).toBe(0);
  });
});
