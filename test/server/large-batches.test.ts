import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newBatchId, newJobId } from '../../src/records/schema/ids.ts';
import { takeTurns } from '../../src/queue/turns.ts';
import { newJob } from '../records/conformance.ts';
import { type Application, openApplication } from './application.ts';

/** So many that they are not all cancelled, queued again or deleted while a request waits. */
const items = 4000;

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

async function largeBatch(): Promise<string> {
  const id = newBatchId();
  const { plan } = newJob();
  const rows = Array.from({ length: items }, () => ({
    id: newJobId(),
    plan,
    warnings: [],
    metadata: null,
    priority: 3,
  }));
  const batch = { id, tenant: 'default', name: null, metadata: null, axes: null };
  await application.parts.records.batches.insert(batch, rows);
  return id;
}

async function call(method: 'GET' | 'POST' | 'DELETE', url: string, app = application.app) {
  return await app.inject({ method, url });
}

async function counts(id: string) {
  return (await application.parts.records.batches.find('default', id))!.counts;
}

describe('a batch of thousands', () => {
  let id: string;
  beforeAll(async () => {
    id = await largeBatch();
  }, 400_000);

  test('is cancelled in the background: no item is fed or started meanwhile, and a restart goes on', async () => {
    const { records } = application.parts;
    const app = await application.rebuild({});
    const answer = await call('POST', `/v1/batches/${id}/cancel`, app);
    expect(answer.statusCode).toBe(202);
    await app.close();
    const { queued } = await counts(id);
    expect(queued).toBeGreaterThan(0);
    expect(await records.batches.find('default', id)).toMatchObject({ cancelling: true });

    expect((await records.scheduling.dispatch(takeTurns, { tenant: 10_000, total: 10_000 }))?.tickets).toEqual([]);
    const [waiting] = await records.batches.items(id, { status: 'queued', limit: 1 });
    expect(await records.startAttempt('default', waiting!.id)).toBeNull();
    expect((await records.findJob('default', waiting!.id))?.status).toBe('cancelled');
    const refused = await call('POST', `/v1/batches/${id}/retry`);
    expect(refused.json()).toMatchObject({ status: 409, code: 'conflict' });

    await application.rebuild({});
    await expect.poll(async () => (await counts(id)).cancelled, { timeout: 150_000 }).toBe(items);
    await expect
      .poll(async () => (await records.batches.find('default', id))?.cancelling, { timeout: 10_000 })
      .toBe(false);
  }, 400_000);

  test('is queued again in the background, and cancelled once more', async () => {
    const { settings } = application.parts;
    const load = { ...settings.load, maxQueued: 10_000, maxQueuedPerTenant: 10_000 };
    const app = await application.rebuild({ settings: { ...settings, load } });
    expect((await call('POST', `/v1/batches/${id}/retry`, app)).statusCode).toBe(202);
    await expect.poll(async () => (await counts(id)).queued, { timeout: 150_000 }).toBe(items);
    expect((await call('POST', `/v1/batches/${id}/cancel`, app)).statusCode).toBe(202);
    await expect.poll(async () => (await counts(id)).cancelled, { timeout: 150_000 }).toBe(items);
    // The last items are cancelled before the work itself is marked as done.
    await expect
      .poll(async () => (await application.parts.records.batches.find('default', id))?.cancelling, { timeout: 10_000 })
      .toBe(false);
  }, 400_000);

  test('is not queued again any further once it is cancelled', async () => {
    const { settings, records } = application.parts;
    const load = { ...settings.load, maxQueued: 10_000, maxQueuedPerTenant: 10_000 };
    const app = await application.rebuild({ settings: { ...settings, load } });
    const again = async () =>
      (
        await application.query<{ n: number }>(
          `select count(*)::int as n from armature.job join armature.job_event on job_id = id
            where batch_id = '${id}' and type = 'queued'`,
        )
      )[0]!.n;
    const before = await again();
    expect((await call('POST', `/v1/batches/${id}/retry`, app)).statusCode).toBe(202);
    await call('POST', `/v1/batches/${id}/cancel`, app);
    await expect
      .poll(async () => (await records.batches.find('default', id))?.cancelling, { timeout: 150_000 })
      .toBe(false);
    const queued = (await again()) - before;
    expect(queued).toBeLessThan(items);
    // Statements are answered in turn: one of the retry would come between these.
    for (let i = 0; i < 10; i += 1) expect((await again()) - before).toBe(queued);
    expect(await counts(id)).toMatchObject({ queued: 0, cancelled: items });
  }, 400_000);

  test('is deleted in the background: nobody sees it or its items from the first moment', async () => {
    const { records } = application.parts;
    const last = (await records.batches.items(id, { after: items - 2, limit: 1 }))[0]!;
    const answer = await call('DELETE', `/v1/batches/${id}`);
    expect(answer.statusCode).toBe(202);
    expect((await call('GET', `/v1/batches/${id}`)).statusCode).toBe(404);
    expect((await call('GET', `/v1/generations/${last.id}`)).statusCode).toBe(404);
    const left = async () =>
      (
        await application.query<{ n: number }>(`select count(*)::int as n from armature.job where batch_id = '${id}'`)
      )[0]!.n;
    expect(await left()).toBeGreaterThan(0);
    await expect.poll(left, { timeout: 150_000 }).toBe(0);
    await expect.poll(async () => await records.retention.removals({ limit: 1 }), { timeout: 150_000 }).toEqual([]);
  }, 400_000);
});
