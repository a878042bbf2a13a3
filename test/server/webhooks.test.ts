import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { Deliverer } from '../../src/webhooks/deliverer.ts';
import { dialects } from '../../src/server/dialects/registry.ts';
import { eventWriter } from '../../src/server/dialects/write-events.ts';
import { links } from '../../src/server/http/links.ts';
import { type BatchView, batchItemsSchema, batchSchema } from '../../src/server/views/batch-view.ts';
import { jobSchema, type JobView } from '../../src/server/views/job-schema.ts';
import type { DeliveryView } from '../../src/server/views/delivery-view.ts';
import { receiver, secret } from '../webhooks/receiver.ts';
import { type Application, finishJob, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

const publicNames = createFetcher({ resolve: async () => [{ address: '93.184.215.14', family: 4 }] });

async function post(webhook: unknown, changes: Parameters<Application['rebuild']>[0] = { fetcher: publicNames }) {
  const app = await application.rebuild(changes);
  return await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x', webhook } });
}

async function read(path: string) {
  return await application.app.inject(path);
}

describe('the field webhook', () => {
  test('is given back with the job, without its secret', async () => {
    const url = 'https://example.com/hook';
    const response = await post({ url, secret });
    expect(response.statusCode).toBe(202);
    expect(response.body).not.toContain('whsec');
    const job = jobSchema.strict().parse(response.json());
    expect(job.webhook).toEqual({ url, events: ['succeeded', 'failed', 'cancelled'], deliveries: [] });
    expect((await read(job.url)).body).not.toContain('whsec');
  });

  test('works for an extraction, and in a flat form', async () => {
    const app = await application.rebuild({ fetcher: publicNames });
    const webhook = JSON.stringify({ url: 'https://example.com/hook', secret, events: ['failed', 'failed'] });
    const { payload, headers } = await multipart({ image: await pictureFile(), webhook });
    const response = await app.inject({ method: 'POST', url: '/v1/conditions/canny', payload, headers });
    expect(response.json<JobView>().webhook).toMatchObject({ events: ['failed'] });
  });

  test('may leave the secret to a server that has one', async () => {
    const { settings } = application.parts;
    const webhook = { url: 'https://example.com/hook' };
    const refused = await post(webhook);
    expect(refused.json()).toMatchObject({ code: 'invalid_request', field: 'webhook.secret' });
    expect(refused.json<{ detail: string }>().detail).toContain('--webhook-secret');
    const changes = { fetcher: publicNames, settings: { ...settings, signsWebhooks: true } };
    expect((await post(webhook, changes)).statusCode).toBe(202);
  });

  const sane = { url: 'https://example.com/', secret };
  test.each([
    ['https://example.com/', 'invalid_request', 'webhook'],
    [{ secret }, 'invalid_request', 'webhook.url'],
    [{ ...sane, urll: 'x' }, 'invalid_request', 'webhook.urll'],
    [{ ...sane, events: [] }, 'invalid_request', 'webhook.events'],
    [{ ...sane, events: ['started'] }, 'invalid_request', 'webhook.events[0]'],
    [{ ...sane, secret: 'hunter2' }, 'invalid_request', 'webhook.secret'],
    [{ ...sane, secret: 7 }, 'invalid_request', 'webhook.secret'],
    [{ ...sane, secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, 'invalid_request', 'webhook.secret'],
    [{ ...sane, secret: `whsec_${Buffer.alloc(65).toString('base64')}` }, 'invalid_request', 'webhook.secret'],
    [{ ...sane, url: 'file:///etc/passwd' }, 'fetch_refused', 'webhook.url'],
    [{ ...sane, url: 'https://user:pass@example.com/' }, 'fetch_refused', 'webhook.url'],
    [{ ...sane, url: 'http://127.0.0.1/' }, 'fetch_refused', 'webhook.url'],
    [{ ...sane, url: 'http://[::ffff:10.0.0.1]/' }, 'fetch_refused', 'webhook.url'],
    [{ ...sane, url: 'http://0x7f.1/' }, 'fetch_refused', 'webhook.url'],
    [{ ...sane, url: 'http://example.com:25/' }, 'fetch_refused', 'webhook.url'],
    [{ ...sane, url: 'nowhere' }, 'fetch_refused', 'webhook.url'],
  ])('%j is refused', async (webhook, code, field) => {
    const response = await post(webhook);
    expect(response.json()).toMatchObject({ code, field });
    expect(response.body).not.toContain('hunter2');
  });

  test('with a name that leads inside, or nowhere, is refused', async () => {
    const inside = createFetcher({ resolve: async () => [{ address: '10.0.0.7', family: 4 }] });
    expect((await post(sane, { fetcher: inside })).json()).toMatchObject({ code: 'fetch_refused' });
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const nowhere = createFetcher({ resolve: async () => await Promise.reject(error) });
    expect((await post(sane, { fetcher: nowhere })).json()).toMatchObject({
      code: 'fetch_failed',
      field: 'webhook.url',
    });
  });
});

describe('the field webhook of a batch', () => {
  const url = 'https://example.com/hook';
  const postBatch = async (
    payload: object,
    changes: Parameters<Application['rebuild']>[0] = { fetcher: publicNames },
  ) => await (await application.rebuild(changes)).inject({ method: 'POST', url: '/v1/batches', payload });

  test('and of its items is given back with them, without its secret', async () => {
    const items = [{ prompt: 'x', webhook: { url: `${url}/item`, secret, events: ['failed'] } }];
    const response = await postBatch({ items, webhook: { url, secret } });
    expect(response.statusCode).toBe(202);
    const batch = response.json<BatchView>();
    expect(batch.webhook).toEqual({ url, events: ['succeeded', 'failed', 'cancelled'], deliveries: [] });
    const [item] = (await read(batch.items_url)).json<{ data: JobView[] }>().data;
    expect(item!.webhook).toEqual({ url: `${url}/item`, events: ['failed'], deliveries: [] });
    for (const path of [batch.url, batch.items_url, batch.results_url]) {
      expect((await read(path)).body).not.toContain('whsec');
    }
  });

  test('is looked up once for all items that have the same', async () => {
    let lookups = 0;
    const counting = createFetcher({
      resolve: async () => {
        lookups += 1;
        return [{ address: '93.184.215.14', family: 4 }];
      },
    });
    const template = { prompt: 'x', webhook: { url, secret } };
    const response = await postBatch({ template, matrix: { seed: [1, 2, 3, 4] } }, { fetcher: counting });
    expect([response.statusCode, lookups]).toEqual([202, 1]);
  });

  test.each([
    [{ url: 'http://127.0.0.1/', secret }, 'fetch_refused', 'url'],
    [{ url: 'http://[::ffff:10.0.0.1]/', secret }, 'fetch_refused', 'url'],
    [{ url, secret: 'hunter2' }, 'invalid_request', 'secret'],
    [{ url }, 'invalid_request', 'secret'],
    [{ url, secret, evens: [] }, 'invalid_request', 'evens'],
  ])('%j is refused, of a batch and of an item', async (webhook, code, field) => {
    const ofBatch = await postBatch({ items: [{ prompt: 'x' }], webhook });
    expect(ofBatch.json()).toMatchObject({ code, field: `webhook.${field}` });
    const ofItem = await postBatch([{ prompt: 'x' }, { prompt: 'x', webhook }]);
    expect(ofItem.json()).toMatchObject({ code, field: `items[1].webhook.${field}` });
    expect(ofBatch.body + ofItem.body).not.toContain('hunter2');
  });

  test('has no place in a query', async () => {
    const app = await application.rebuild({ fetcher: publicNames });
    const headers = { 'content-type': 'application/jsonl' };
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/batches?webhook=x',
      headers,
      payload: '{"prompt":"x"}',
    });
    expect(answer.json()).toMatchObject({ code: 'invalid_request', field: 'webhook' });
  });
});

describe('deliveries', () => {
  async function ended(url: string, host: string): Promise<JobView> {
    const fetcher = createFetcher({ allow: [host] });
    const job = (await post({ url, secret }, { fetcher })).json<JobView>();
    await finishJob(application, job);
    return job;
  }

  async function withDeliverer(host: string, meanwhile: () => Promise<void>): Promise<void> {
    const { parts } = application;
    const deliverer = new Deliverer({
      webhooks: parts.records.webhooks,
      fetcher: createFetcher({ allow: [host] }),
      secret: null,
      write: eventWriter(dialects, links(null)),
      clock: parts.clock,
      schedule: () => null,
      log: { info() {}, warn() {} },
      observer: parts.metrics.webhooks,
    });
    try {
      await meanwhile();
    } finally {
      await deliverer.close();
    }
  }

  test('are seen with the job, and carry it as it is read', async () => {
    const hook = await receiver();
    const { url } = await ended(hook.url, hook.host);
    const waiting = (await read(url)).json<JobView>();
    expect(waiting.webhook!.deliveries).toMatchObject([
      { type: 'generation.succeeded', status: 'pending', about: url },
    ]);
    await withDeliverer(hook.host, async () => {
      const status = async () => (await read(url)).json<JobView>().webhook!.deliveries[0]!.status;
      await expect.poll(status, { timeout: 20_000 }).toBe('delivered');
    });
    const job = jobSchema.strict().parse((await read(url)).json());
    expect(job.webhook!.deliveries).toMatchObject([
      { id: hook.events[0]!.id, attempts: 1, last_status: 204, next_attempt_at: null, last_error: null },
    ]);
    expect(hook.events[0]!.data).toEqual({ ...job, webhook: { ...job.webhook, deliveries: [] } });
  });

  test('of a batch and of its items are seen with them, and carry them as they are read', async () => {
    const hook = await receiver();
    const app = await application.rebuild({ fetcher: createFetcher({ allow: [hook.host] }) });
    const items = [{ prompt: 'x' }, { prompt: 'y', webhook: { url: hook.url, secret } }];
    const payload = { items, webhook: { url: hook.url, secret } };
    const { url, items_url: itemsUrl } = (
      await app.inject({ method: 'POST', url: '/v1/batches', payload })
    ).json<BatchView>();
    const batch = async () => batchSchema.strict().parse((await read(url)).json());
    const itemList = async () => batchItemsSchema.parse((await read(itemsUrl)).json()).data;
    for (const item of await itemList()) await finishJob(application, item);
    const waiting = await batch();
    expect(waiting.webhook!.deliveries).toMatchObject([{ type: 'batch.succeeded', status: 'pending', about: url }]);
    await withDeliverer(hook.host, async () => {
      await expect.poll(() => hook.events.length, { timeout: 20_000 }).toBe(2);
      const status = async () => (await batch()).webhook!.deliveries[0]!.status;
      await expect.poll(status, { timeout: 20_000 }).toBe('delivered');
    });
    const told = hook.events.find(({ type }) => type === 'batch.succeeded')!;
    expect(told.data).toEqual({ ...waiting, webhook: { ...waiting.webhook, deliveries: [] } });
    expect((await itemList()).map((item) => item.webhook?.deliveries.map(({ type }) => type))).toEqual([
      undefined,
      ['generation.succeeded'],
    ]);
  });

  test('that are dead are listed, and go out again when they are replayed', async () => {
    let up = false;
    const hook = await receiver((_event, response) => response.writeHead(up ? 200 : 500).end());
    const { url } = await ended(hook.url, hook.host);
    const dead = async () =>
      (await read('/v1/webhook-deliveries?status=dead')).json<{ data: readonly DeliveryView[] }>().data;
    await withDeliverer(hook.host, async () => {
      await expect.poll(async () => (await dead()).length, { timeout: 20_000 }).toBe(1);
      const [delivery] = await dead();
      expect(delivery).toMatchObject({ about: url, last_status: 500, last_error: 'It answers 500.' });
      up = true;
      const replay = `/v1/webhook-deliveries/${delivery!.id}/replay`;
      const replayed = await application.app.inject({ method: 'POST', url: replay });
      expect([replayed.statusCode, replayed.json<DeliveryView>().id]).toEqual([200, delivery!.id]);
      await expect.poll(() => hook.events.length, { timeout: 20_000 }).toBe(2);
      await expect.poll(async () => (await dead()).length, { timeout: 20_000 }).toBe(0);
      const again = await application.app.inject({ method: 'POST', url: replay });
      expect(again.statusCode).toBe(409);
      expect(hook.events.map(({ id }) => id)).toEqual([delivery!.id, delivery!.id]);
    });
  });

  test('come by pages, and are missing where there are none', async () => {
    const page = (await read('/v1/webhook-deliveries?limit=1')).json<{
      data: readonly DeliveryView[];
      next_cursor: string;
    }>();
    expect(page.data.map(({ id }) => id)).toEqual([page.next_cursor]);
    const next = await read(`/v1/webhook-deliveries?limit=1&cursor=${page.next_cursor}`);
    expect(next.json<{ data: readonly DeliveryView[] }>().data[0]!.id < page.next_cursor).toBe(true);
    const missing = await application.app.inject({ method: 'POST', url: '/v1/webhook-deliveries/evt_0/replay' });
    expect(missing.statusCode).toBe(404);
  });
});
