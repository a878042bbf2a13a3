import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { type Application, openApplication } from './application.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

const small = { prompt: 'a cube', width: 64, height: 64, steps: 10 };
const smallCost = 64 * 64 * 10;
const lost = { code: 'device_lost', detail: 'The device process was ended by SIGKILL.' } as const;

let tenants = 0;
/** A tenant whose quota is as much as so many small pictures cost. */
async function tenantWith(pictures: number, app = application.app) {
  const tenant = `tenant-${(tenants += 1)}`;
  const request = keyRequest.parse({ name: 'test', tenant, quota: { cost: pictures * smallCost, window: 'day' } });
  const { text, key } = await issueKey(application.parts.records.keys, request);
  const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${text}` };
    return await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  };
  const submit = async (): Promise<string> => (await call('POST', '/v1/generations', small)).json<{ id: string }>().id;
  const spent = async (): Promise<number> => {
    const account = `select account from armature.api_key where id = '${key.id}'`;
    const [sum] = await application.query<{ spent: number }>(
      `select coalesce(sum(amount), 0)::float8 as spent from armature.usage where kind = 'day' and account in (${account})`,
    );
    return sum!.spent / smallCost;
  };
  return { tenant, call, submit, spent };
}

async function kill(tenant: string, id: string): Promise<void> {
  const { records } = application.parts;
  for (let strike = 0; strike < 3; strike += 1) {
    const job = await records.startAttempt(tenant, id);
    await records.faults.note(id, job!.attempt, 'strike', lost);
  }
}

describe('a job that is retried', () => {
  test('is charged again, until the quota is spent', async () => {
    const { call, submit, spent } = await tenantWith(2.5);
    const id = await submit();
    await call('POST', `/v1/generations/${id}/cancel`);
    expect((await call('POST', `/v1/generations/${id}/retry`)).statusCode).toBe(200);
    expect(await spent()).toBe(2);
    await call('POST', `/v1/generations/${id}/cancel`);
    const refused = await call('POST', `/v1/generations/${id}/retry`);
    expect(refused.json()).toMatchObject({ code: 'quota_exceeded', status: 429 });
    expect((await call('GET', `/v1/generations/${id}`)).json()).toMatchObject({ status: 'cancelled' });
    expect(await spent()).toBe(2);
  });

  test('costs nothing where it is refused, and once where two ask at once', async () => {
    const { call, submit, spent } = await tenantWith(10);
    const id = await submit();
    expect((await call('POST', `/v1/generations/${id}/retry`)).json()).toMatchObject({ code: 'conflict' });
    expect(await spent()).toBe(1);
    await call('POST', `/v1/generations/${id}/cancel`);
    const statuses = await Promise.all(
      [1, 2, 3].map(async () => (await call('POST', `/v1/generations/${id}/retry`)).statusCode),
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(await spent()).toBe(2);
  });

  test('asks for room among those that wait', async () => {
    const { settings } = application.parts;
    const load = { ...settings.load, maxQueuedPerTenant: 1 };
    const app = await application.rebuild({ settings: { ...settings, load } });
    const { call, submit } = await tenantWith(10, app);
    const id = await submit();
    await call('POST', `/v1/generations/${id}/cancel`);
    application.passTime(1000);
    await submit();
    application.passTime(1000);
    const refused = await call('POST', `/v1/generations/${id}/retry`);
    expect(refused.json()).toMatchObject({ code: 'too_many_queued' });
  });
});

describe('dead jobs that are replayed', () => {
  test('are charged, and as many go on as the quota has left', async () => {
    const { tenant, call, submit, spent } = await tenantWith(5.5);
    const ids = [await submit(), await submit(), await submit(), await submit()];
    for (const id of ids) await kill(tenant, id);
    const replay = async () => (await call('POST', '/v1/dead-letters/replay')).json();
    expect(await replay()).toEqual({ replayed: ids.slice(0, 1), more: true });
    expect(await spent()).toBe(5);
    expect(await replay()).toMatchObject({ code: 'quota_exceeded', status: 429 });
    expect(await spent()).toBe(5);
  });

  test('are all charged by an admin to nobody, and ask for room of their own tenants', async () => {
    const { tenant, submit, spent } = await tenantWith(3);
    const id = await submit();
    await kill(tenant, id);
    const { settings } = application.parts;
    const access = { ...settings.access, adminKey: 'operator' };
    const headers = { authorization: 'Bearer operator' };
    const replayBy = async (load: object) => {
      const app = await application.rebuild({ settings: { ...settings, access, load: { ...settings.load, ...load } } });
      return (await app.inject({ method: 'POST', url: '/v1/dead-letters/replay', headers })).json();
    };
    expect(await replayBy({ maxQueuedPerTenant: 0 })).toMatchObject({ code: 'too_many_queued' });
    const { replayed } = await replayBy({});
    expect(replayed).toContain(id);
    expect(await spent()).toBe(1);
  });
});

describe('a batch that is retried', () => {
  test('is charged for the items that are queued again, as a whole or not at all', async () => {
    const { call, spent } = await tenantWith(7);
    const batch = (await call('POST', '/v1/batches', [small, small, small])).json<{ id: string }>();
    const url = `/v1/batches/${batch.id}`;
    await call('POST', `${url}/cancel`);
    expect(await spent()).toBe(3);
    expect((await call('POST', `${url}/retry`)).json()).toMatchObject({ counts: { queued: 3 } });
    expect(await spent()).toBe(6);
    await call('POST', `${url}/cancel`);
    expect((await call('POST', `${url}/retry`)).json()).toMatchObject({ code: 'quota_exceeded' });
    expect((await call('GET', url)).json()).toMatchObject({ counts: { queued: 0, cancelled: 3 } });
    expect(await spent()).toBe(6);
  });

  test('is charged once where two ask at once', async () => {
    const { call, spent } = await tenantWith(100);
    const batch = (await call('POST', '/v1/batches', [small, small])).json<{ id: string }>();
    const url = `/v1/batches/${batch.id}`;
    await call('POST', `${url}/cancel`);
    await Promise.all([1, 2, 3].map(async () => await call('POST', `${url}/retry`)));
    expect(await spent()).toBe(4);
  });
});
