import { describe, expect, it } from 'vitest';
import { batchStatus } from '../../src/generation/batch.ts';
import type { WebhookTarget } from '../../src/generation/request/webhook.ts';
import type { NewItem } from '../../src/records/batches/insert-batch.ts';
import { newBatchId, newJobId } from '../../src/records/schema/ids.ts';
import type { Job } from '../../src/generation/job.ts';
import { result } from './conformance.ts';
import { onEveryDatabase } from './databases.ts';
import { drawing } from './scheduling-conformance.ts';
import { cancelBatch, deleteBatch, retryBatch } from './whole-batches.ts';

const tenant = 'default';
const lost = { code: 'device_lost', detail: 'The device process ended.' } as const;
const target = (given: Partial<WebhookTarget> = {}): WebhookTarget => {
  const host = `${newBatchId()}.example.com`;
  return { url: `https://${host}/`, host, secret: 'whsec_x', events: ['succeeded', 'failed', 'cancelled'], ...given };
};

onEveryDatabase('webhooks of batches', (records) => {
  const insert = async (count: number, webhook: WebhookTarget | null, ofItem: NewItem['webhook'] = null) => {
    const items = Array.from({ length: count }, (): NewItem => {
      return { id: newJobId(), plan: drawing(64), warnings: [], metadata: null, priority: 3, webhook: ofItem };
    });
    const batch = { id: newBatchId(), tenant, name: 'n', metadata: { order: 7 }, axes: null, webhook };
    return await records().batches.insert(batch, items);
  };
  const itemsOf = async (id: string) => await records().batches.items(id, { limit: 1000 });
  const start = async ({ id }: Job): Promise<Job> => (await records().startAttempt(tenant, id))!;
  const succeed = async ({ id, attempt }: Job) => await records().commitResult(id, attempt, result);
  const fail = async ({ id, attempt }: Job) => await records().failAttempt(id, attempt, lost);
  const startAll = async (id: string) => await Promise.all((await itemsOf(id)).map(start));
  const eventsOf = async (id: string) => await records().webhooks.ofBatch(id);
  const eventsOfItems = async (id: string) =>
    await Promise.all((await itemsOf(id)).map(async (item) => await records().webhooks.ofJob(item.id)));

  describe('items with receivers', () => {
    it('have one event each, under ids of their own, however many of them one statement ends', async () => {
      const { id } = await insert(230, null, target());
      const first = (await itemsOf(id))[0]!;
      await start(first);
      expect(await cancelBatch(records().batches, id)).toBe(230);
      const events = await eventsOfItems(id);
      expect(events[0]).toEqual([]);
      expect(events.slice(1).every((own) => own.length === 1 && own[0]!.type === 'generation.cancelled')).toBe(true);
      expect(new Set(events.flat().map((event) => event.id)).size).toBe(229);

      await records().cancelAttempt(first.id, 1);
      expect(await retryBatch(records().batches, id)).toBe(230);
      expect(await cancelBatch(records().batches, id)).toBe(230);
      const again = (await eventsOfItems(id)).flat();
      expect(again.length).toBe(460);
      expect(new Set(again.map((event) => event.id)).size).toBe(460);
      expect(new Set(again.map((event) => event.jobId)).size).toBe(230);
    });

    it('are told of beside their batch', async () => {
      const { id } = await insert(2, target(), target({ events: ['failed'] }));
      const [one, other] = await startAll(id);
      await fail(one!);
      await succeed(other!);
      expect((await eventsOfItems(id)).map((events) => events.map(({ type }) => type))).toEqual([
        ['generation.failed'],
        [],
      ]);
      expect((await eventsOf(id)).map(({ type }) => type)).toEqual(['batch.failed']);
    });
  });

  it('tells of the end of the last item, with the batch as it is then', async () => {
    const webhook = target();
    const { id } = await insert(3, webhook);
    const [first, second, third] = await startAll(id);
    await succeed(first!);
    await fail(second!);
    expect(await eventsOf(id)).toEqual([]);
    await succeed(third!);
    expect(await eventsOf(id)).toMatchObject([
      { type: 'batch.failed', batchId: id, jobId: null, tenant, url: webhook.url, status: 'pending' },
    ]);
    const batch = (await records().batches.find(tenant, id))!;
    expect(batch.webhook).toEqual({ url: webhook.url, events: webhook.events });
    // Long after, and whatever has become of it.
    await retryBatch(records().batches, id);
    const later = new Date(Date.now() + 60_000);
    const claimed = await records().webhooks.claimDue(later, new Date(later.getTime() + 60_000), [], 1000);
    const delivery = claimed.find(({ host }) => host === webhook.host)!;
    expect(delivery).toMatchObject({ secret: 'whsec_x', subject: { kind: 'batch', batch } });
    expect(JSON.stringify(delivery.subject)).not.toContain('whsec_x');
  });

  it.each([
    ['succeeded', 0, 0],
    ['cancelled', 0, 1],
    ['failed', 1, 1],
  ] as const)('calls it %s as its status does', async (status, failed, cancelled) => {
    const { id } = await insert(3, target());
    const items = await itemsOf(id);
    for (const item of items.slice(0, failed)) await fail(await start(item));
    for (const item of items.slice(failed, 3 - cancelled)) await succeed(await start(item));
    await cancelBatch(records().batches, id);
    expect(await eventsOf(id)).toMatchObject([{ type: `batch.${status}` }]);
    expect(batchStatus((await records().batches.find(tenant, id))!.counts)).toBe(status);
  });

  it('writes it once, whichever of many ends that come at once is the last', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await insert(8, target());
      const items = await startAll(id);
      await Promise.all(items.map(async (item, index) => await (index % 2 === 0 ? succeed(item) : fail(item))));
      const events = await eventsOf(id);
      expect(events.map(({ type }) => type)).toEqual(['batch.failed']);
    }
  });

  it('writes it once where a worker ends its item while the rest is cancelled', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await insert(130, target());
      const items = await itemsOf(id);
      const running = await Promise.all(items.slice(0, 4).map(start));
      await Promise.all([cancelBatch(records().batches, id), ...running.map(succeed)]);
      expect((await records().batches.find(tenant, id))!.counts).toMatchObject({ succeeded: 4, cancelled: 126 });
      expect(await eventsOf(id)).toMatchObject([{ type: 'batch.cancelled' }]);
    }
  });

  it('tells of it again, under another id, when items were drawn again', async () => {
    const { id } = await insert(2, target());
    const [first, second] = await startAll(id);
    await fail(first!);
    await fail(second!);
    await retryBatch(records().batches, id);
    const [again] = await startAll(id);
    await succeed(again!);
    expect(await eventsOf(id)).toHaveLength(1);
    await records().releaseAttempt(second!.id, 2, lost);
    await succeed(await start(second!));
    await expect
      .poll(async () => (await eventsOf(id)).map(({ type }) => type))
      .toEqual(['batch.failed', 'batch.succeeded']);
    // One item of its own accord.
    const other = await insert(2, target());
    await cancelBatch(records().batches, other.id);
    await records().faults.retry(tenant, (await itemsOf(other.id))[0]!.id);
    await cancelBatch(records().batches, other.id);
    const events = await eventsOf(other.id);
    expect(events.map(({ type }) => type)).toEqual(['batch.cancelled', 'batch.cancelled']);
    expect(new Set(events.map((event) => event.id)).size).toBe(2);
  });

  it('tells nobody, and only of the ends that are asked for', async () => {
    const { id } = await insert(1, null);
    const other = await insert(1, target({ events: ['failed'] }));
    for (const batch of [id, other.id]) {
      await succeed((await startAll(batch))[0]!);
      expect(await eventsOf(batch)).toEqual([]);
    }
  });

  it('counts an item that is deleted as it ended', async () => {
    const { id } = await insert(2, target());
    const [first, second] = await startAll(id);
    await succeed(first!);
    await records().deleteJob(tenant, first!.id);
    await succeed(second!);
    expect(await eventsOf(id)).toMatchObject([{ type: 'batch.succeeded' }]);
  });

  it('forgets all of a batch that is deleted', async () => {
    const { id } = await insert(1, target());
    await cancelBatch(records().batches, id);
    expect(await eventsOf(id)).toHaveLength(1);
    expect(await deleteBatch(records().batches, tenant, id)).toBe(true);
    expect(await eventsOf(id)).toEqual([]);
  });

  it('wakes those who send', async () => {
    const { id } = await insert(1, target());
    const heard = new Promise<void>((resolve) => {
      const stop = records().webhooks.onEvent(() => {
        stop();
        resolve();
      });
    });
    await cancelBatch(records().batches, id);
    await heard;
  });
});
