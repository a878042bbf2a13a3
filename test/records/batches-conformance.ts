import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchStatus } from '../../src/generation/batch.ts';
import { takeTurns } from '../../src/queue/turns.ts';
import { newBatchId, newJobId } from '../../src/records/schema/ids.ts';
import type { NewBatch, NewItem } from '../../src/records/batches/insert-batch.ts';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { newJob, result } from './conformance.ts';
import { drawing } from './scheduling-conformance.ts';
import { cancelBatch, deleteBatch, retryBatch } from './whole-batches.ts';

const lost = { code: 'device_lost', detail: 'The device process ended.' } as const;

function newItems(count: number, given: Partial<NewItem> = {}): readonly NewItem[] {
  return Array.from({ length: count }, () => {
    return { id: newJobId(), plan: drawing(64), warnings: [], metadata: null, priority: 3, ...given };
  });
}

/** What every place of records must do with batches. */
export function batchesConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`batches over ${name}`, () => {
    let opened: OpenRecords;
    let records: Records;
    let tenants = 0;
    const newBatch = (given: Partial<NewBatch> = {}): NewBatch => {
      const tenant = `owner_${(tenants += 1)}`;
      return { id: newBatchId(), tenant, name: null, metadata: null, axes: null, ...given };
    };
    const insert = async (count: number, given: Partial<NewBatch> = {}) =>
      await records.batches.insert(newBatch(given), newItems(count));
    const itemIds = async (id: string) => (await records.batches.items(id, { limit: 1000 })).map((item) => item.id);
    const run = async (tenant: string, id: string, how: 'succeed' | 'fail' | 'start'): Promise<void> => {
      const { attempt } = (await records.startAttempt(tenant, id))!;
      // Of what has ended the progress stays; it counts once.
      if (how !== 'start') await records.reportProgress(id, attempt, { step: 1, steps: 2, share: 0.5 });
      if (how === 'succeed') await records.commitResult(id, attempt, result);
      if (how === 'fail') await records.failAttempt(id, attempt, lost);
    };

    beforeAll(async () => {
      opened = await open();
      ({ records } = opened);
    });
    afterAll(() => records.close());

    it('keeps a batch and its items as they were given, over more than one chunk', async () => {
      const given = newBatch({ name: 'n', metadata: { order: 1 }, axes: [{ path: 'seed', labels: ['1', '2'] }] });
      const items = newItems(230).map((item, index) => ({ ...item, metadata: { index }, warnings: [`w${index}`] }));
      const batch = await records.batches.insert(given, items);
      expect(batch).toMatchObject({ ...given, items: 230, cost: 230 * 64 * 64 * 10, done: 0 });
      expect(batch.counts).toEqual({ queued: 230, running: 0, succeeded: 0, failed: 0, cancelled: 0 });
      expect(await records.batches.find(given.tenant, given.id)).toEqual(batch);
      const kept = await records.batches.items(given.id, { limit: 1000 });
      expect(
        kept.map(({ id, metadata, warnings, priority, plan }) => ({ id, metadata, warnings, priority, plan })),
      ).toEqual(items);
      expect(kept.map((item) => item.batch)).toEqual(items.map((_, index) => ({ id: given.id, index })));
      expect(
        (await records.eventsAfter(items[200]!.id, 0)).map(({ seq, type, data }) => ({ seq, type, data })),
      ).toEqual([{ seq: 1, type: 'queued', data: { attempt: 0 } }]);
      expect(kept[0]!.metadata).not.toBeNull();
      const plain = await insert(1);
      expect((await records.batches.items(plain.id, { limit: 1 }))[0]!.metadata).toBeNull();
    });

    it('shows a batch to its own tenant only', async () => {
      const { id, tenant } = await insert(1);
      expect(await records.batches.find('another', id)).toBeNull();
      expect(await deleteBatch(records.batches, 'another', id)).toBe(false);
      expect((await records.batches.list(tenant, { limit: 9 })).map((batch) => batch.id)).toEqual([id]);
      expect(await records.batches.list('another', { limit: 9 })).toEqual([]);
    });

    it('deletes a batch that has ended with its items, and leaves their removals and loose inputs', async () => {
      const given = newBatch();
      const { tenant, id } = given;
      const key = `tenants/${tenant}/inputs/1`;
      await records.pictures.claim(tenant, [{ key, bytes: 1 }], []);
      const plan = { ...drawing(64), image: { key, sha256: '00' } };
      const items = newItems(150, { plan });
      await records.batches.insert(given, items);
      await records.pictures.release([key], true);
      expect(await deleteBatch(records.batches, tenant, id)).toBe(false);
      expect(await records.batches.find(tenant, id)).not.toBeNull();
      await cancelBatch(records.batches, id);
      expect(await deleteBatch(records.batches, tenant, id)).toBe(true);
      expect(await records.batches.find(tenant, id)).toBeNull();
      expect(await deleteBatch(records.batches, tenant, id)).toBe(false);
      expect(await records.findJob(tenant, items[149]!.id)).toBeNull();
      const removals = await records.retention.removals({ tenant, limit: 1000 });
      expect(removals.map((removal) => removal.id)).toEqual(items.map((item) => item.id).toSorted());
      const deleted: string[] = [];
      await records.pictures.deleteLoose(async (loose) => void deleted.push(loose), 100);
      expect(deleted).toContain(key);
    });

    it('lists the newest first, by pages', async () => {
      const tenant = 'lister';
      const ids: string[] = [];
      for (let index = 0; index < 3; index += 1) ids.unshift((await insert(1, { tenant })).id);
      const page = async (before?: string) =>
        (await records.batches.list(tenant, { limit: 2, ...(before === undefined ? {} : { before }) })).map(
          ({ id }) => id,
        );
      expect(await page()).toEqual(ids.slice(0, 2));
      expect(await page(ids[1])).toEqual(ids.slice(2));
    });

    it('counts its items by their status, and the share of the cost of those that run', async () => {
      const { id, tenant } = await insert(5);
      const [first, second, third] = await itemIds(id);
      await run(tenant, first!, 'succeed');
      await run(tenant, second!, 'fail');
      await run(tenant, third!, 'start');
      await records.reportProgress(third!, 1, { step: 1, steps: 4, share: 0.5 });
      const batch = (await records.batches.find(tenant, id))!;
      expect(batch.counts).toEqual({ queued: 2, running: 1, succeeded: 1, failed: 1, cancelled: 0 });
      expect(batch.done).toBe(2.5);
      expect(batchStatus(batch.counts)).toBe('running');
      // Another attempt at it begins anew.
      await records.startAttempt(tenant, third!);
      expect(await records.batches.find(tenant, id)).toMatchObject({ counts: { running: 1 }, done: 2 });
    });

    it('pages through its items, of all or of one status', async () => {
      const { id, tenant } = await insert(5);
      const ids = await itemIds(id);
      await run(tenant, ids[1]!, 'fail');
      await run(tenant, ids[3]!, 'fail');
      const page = async (query: Parameters<Records['batches']['items']>[1]) =>
        (await records.batches.items(id, query)).map((item) => item.id);
      expect(await page({ limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await page({ limit: 2, after: 1 })).toEqual(ids.slice(2, 4));
      expect(await page({ limit: 9, status: 'failed' })).toEqual([ids[1], ids[3]]);
      expect(await page({ limit: 9, status: 'failed', after: 1 })).toEqual([ids[3]]);
    });

    it('gives its items to the feeder as a flow of their own, behind the jobs outside', async () => {
      const { id, tenant } = await insert(3);
      const outside = await records.insertJob(newJob(tenant, { plan: drawing(64) }));
      const [first] = await itemIds(id);
      const { tickets } = (await records.scheduling.dispatch(
        (waiting, windows) =>
          takeTurns({ ...waiting, tenants: waiting.tenants.filter((one) => one.tenant === tenant) }, windows),
        { tenant: 2, total: 10_000 },
      ))!;
      expect(tickets.map((ticket) => ticket.id)).toEqual([outside.id, first]);
      const ahead = async (job: string) => await records.countAhead((await records.findJob(tenant, job))!);
      const [, second, third] = await itemIds(id);
      expect((await ahead(third!)) - (await ahead(second!))).toBeGreaterThanOrEqual(1);
    });

    it('is seen, and drawn, only when all of it is written', async () => {
      const batch = newBatch();
      const [item] = newItems(1);
      // The second item has the id of the first: the statement that writes it fails.
      await expect(records.batches.insert(batch, [...newItems(100), item!, item!].toReversed())).rejects.toThrow(
        /duplicate|unique/i,
      );
      expect(await records.batches.find(batch.tenant, batch.id)).toBeNull();
      const client = await opened.queueEngine().pool.connect();
      const half = newBatch();
      await client.query(
        `insert into armature.batch (id, tenant, items, cost, created_at) values ('${half.id}', '${half.tenant}', 1, 1, now() - interval '1 hour');
         insert into armature.job (id, tenant, status, plan, warnings, batch_id, batch_index)
         values ('${newJobId()}', '${half.tenant}', 'queued', '{}', '[]', '${half.id}', 0)`,
      );
      const seen: string[] = [];
      await records.scheduling.dispatch(
        ({ tenants: waiting }) => {
          seen.push(...waiting.map((one) => one.tenant));
          return { tickets: [], deficits: new Map(), more: false };
        },
        { tenant: 10, total: 10_000 },
      );
      expect(seen).not.toContain(half.tenant);
      expect(await records.listJobs(half.tenant, { limit: 10 })).toEqual([]);
      await records.batches.discardAbandoned(new Date(Date.now() - 600_000), new AbortController().signal);
      const { rows } = await client.query(`select id from armature.batch where not accepted`);
      expect(rows).toEqual([{ id: batch.id }]);
      expect((await client.query(`select id from armature.job where batch_id = '${half.id}'`)).rows).toEqual([]);
      client.release();
    });

    it('cancels what has not ended: waiting items at once, running ones by their flag', async () => {
      const { id, tenant } = await insert(120);
      const [first, second] = await itemIds(id);
      await run(tenant, first!, 'succeed');
      await run(tenant, second!, 'start');
      expect(await cancelBatch(records.batches, id)).toBe(119);
      expect(await cancelBatch(records.batches, id)).toBe(0);
      const { counts } = (await records.batches.find(tenant, id))!;
      expect(counts).toEqual({ queued: 0, running: 1, succeeded: 1, failed: 0, cancelled: 118 });
      expect(await records.findJob(tenant, second!)).toMatchObject({ status: 'running', cancelRequested: true });
      const third = (await itemIds(id))[2]!;
      expect(await records.findJob(tenant, third)).toMatchObject({ finishedAt: expect.any(Date) as Date });
      expect((await records.eventsAfter(third, 0)).map(({ type }) => type)).toEqual(['queued', 'cancelled']);
      expect((await records.eventsAfter(second!, 0)).map(({ type }) => type)).toEqual(['queued', 'started']);
    });

    it('draws failed and cancelled items again, under their next attempt', async () => {
      const { id, tenant } = await insert(3);
      const [first, second] = await itemIds(id);
      await run(tenant, first!, 'succeed');
      await run(tenant, second!, 'fail');
      await cancelBatch(records.batches, id);
      expect(await retryBatch(records.batches, id)).toBe(2);
      expect((await records.batches.find(tenant, id))!.counts).toMatchObject({ queued: 2, succeeded: 1 });
      expect(await records.findJob(tenant, second!)).toMatchObject({
        error: null,
        finishedAt: null,
        cancelRequested: false,
      });
      expect((await records.startAttempt(tenant, second!))!.attempt).toBe(2);
      expect((await records.eventsAfter(second!, 0)).map(({ type }) => type)).toEqual([
        'queued',
        'started',
        'progress',
        'failed',
        'queued',
        'started',
      ]);
    });

    it('ends when it is cancelled and retried at the same time', async () => {
      const { id, tenant } = await insert(350);
      await cancelBatch(records.batches, id);
      const { batches } = records;
      await Promise.all([
        retryBatch(batches, id),
        cancelBatch(batches, id),
        retryBatch(batches, id),
        cancelBatch(batches, id),
      ]);
      const { counts } = (await records.batches.find(tenant, id))!;
      expect(counts.queued + counts.cancelled).toBe(350);
    });

    it('tells of items that were cancelled', async () => {
      const { id } = await insert(2);
      const heard = new Set<string>();
      const all = new Promise<void>((resolve) => {
        const stop = records.onChange((job, kind) => {
          if (kind === 'end') heard.add(job);
          if (heard.size < 2) return;
          stop();
          resolve();
        });
      });
      await cancelBatch(records.batches, id);
      await all;
      expect([...heard].toSorted()).toEqual(await itemIds(id));
    });
  });
}
