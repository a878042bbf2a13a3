import { expect, it } from 'vitest';
import type { WebhookTarget } from '../../src/generation/request/webhook.ts';
import { deliveryLifetime } from '../../src/records/webhooks/webhooks.ts';
import { newJob, result } from './conformance.ts';
import { onEveryDatabase } from './databases.ts';

let hosts = 0;
const target = (given: Partial<WebhookTarget> = {}): WebhookTarget => {
  const host = `h${(hosts += 1)}.example.com`;
  return {
    url: `https://${host}/hook?token=1`,
    host,
    secret: 'whsec_x',
    events: ['succeeded', 'failed', 'cancelled'],
    ...given,
  };
};
/** Rows get the database's own time when they come in. */
const now = (ms = 0): Date => new Date(Date.now() + 60_000 + ms);
const lease = 60_000;

onEveryDatabase('the outbox of webhooks', (records) => {
  const ended = async (webhook: WebhookTarget | null, tenant = 'default'): Promise<string> => {
    const { id } = await records().insertJob(newJob(tenant, { webhook, metadata: { order: 7 } }));
    await records().startAttempt(tenant, id);
    await records().commitResult(id, 1, result);
    return id;
  };
  /** All that is due for this host; what other cases left is left alone. */
  const claim = async (host: string, at = now()) =>
    (await records().webhooks.claimDue(at, new Date(at.getTime() + lease), [], 1000)).filter(
      (delivery) => delivery.host === host,
    );

  it('gets an event with the statement that ends a job', async () => {
    const webhook = target();
    const id = await ended(webhook);
    const [delivery, ...others] = await claim(webhook.host);
    expect(others).toEqual([]);
    expect(delivery).toMatchObject({
      id: expect.stringMatching(/^evt_/),
      tenant: 'default',
      jobId: id,
      type: 'extraction.succeeded',
      url: webhook.url,
      secret: 'whsec_x',
      attempts: 1,
      status: 'pending',
    });
    expect(delivery!.subject).toEqual({ kind: 'job', job: await records().findJob('default', id) });
  });

  it('says the door of a job; events of before say what they know of it', async () => {
    const webhook = target();
    const door = { dialect: 'another', externalId: 'x' };
    const { id } = await records().insertJob(newJob('default', { webhook, door }));
    await records().requestCancel('default', id);
    const [delivery] = await claim(webhook.host);
    expect(delivery!.subject).toMatchObject({ job: { id, door } });
  });

  it('gets one for each end that its receiver wants to hear of', async () => {
    const all = records();
    const error = { code: 'internal', detail: 'x' } as const;
    const failing = target({ events: ['failed'] });
    const { id } = await all.insertJob(newJob('default', { webhook: failing }));
    await all.startAttempt('default', id);
    await all.releaseAttempt(id, 1, error);
    await all.startAttempt('default', id);
    expect(await claim(failing.host)).toEqual([]);
    await all.failAttempt(id, 2, error);
    expect(await claim(failing.host)).toMatchObject([{ type: 'extraction.failed' }]);
    expect((await records().webhooks.ofJob(id)).length).toBe(1);

    const cancelled = target();
    const queued = await all.insertJob(newJob('default', { webhook: cancelled }));
    await all.requestCancel('default', queued.id);
    expect(await claim(cancelled.host)).toMatchObject([{ type: 'extraction.cancelled', jobId: queued.id }]);

    const successes = target({ events: ['succeeded'] });
    const other = await all.insertJob(newJob('default', { webhook: successes }));
    await all.requestCancel('default', other.id);
    expect(await claim(successes.host)).toEqual([]);
  });

  it('never shows the secret with the job', async () => {
    const webhook = target();
    const id = await ended(webhook);
    expect((await records().findJob('default', id))!.webhook).toEqual({ url: webhook.url, events: webhook.events });
    const [delivery] = await records().webhooks.ofJob(id);
    expect(JSON.stringify(delivery)).not.toContain('whsec_x');
  });

  it('gives a delivery to one of many that ask, and to the next when its claim has lapsed', async () => {
    const webhook = target();
    await ended(webhook);
    const at = now();
    const claims = (await Promise.all(Array.from({ length: 6 }, async () => await claim(webhook.host, at)))).flat();
    expect(claims).toHaveLength(1);
    expect(await claim(webhook.host, new Date(at.getTime() + lease - 1))).toEqual([]);
    const [second] = await claim(webhook.host, new Date(at.getTime() + lease));
    expect(second).toMatchObject({ id: claims[0]!.id, attempts: 2 });
    const failure = { status: 500, error: 'x', retryAt: null };
    expect(await records().webhooks.failed(second!.id, 1, failure, at)).toBe(false);
    expect(await records().webhooks.find('default', second!.id)).toMatchObject({ status: 'pending' });
    await records().webhooks.succeeded(second!.id, 204, at);
    expect(await records().webhooks.failed(second!.id, 2, failure, at)).toBe(false);
  });

  it('gives one of each host, the oldest first, and none of those that have enough', async () => {
    const { webhooks } = records();
    const webhook = target();
    const [first, second] = [await ended(webhook), await ended(webhook)];
    const full = target();
    await ended(full);
    const at = now();
    const got = async () =>
      (await webhooks.claimDue(at, new Date(at.getTime() + lease), [full.host], 1000)).filter(({ host }) =>
        [webhook.host, full.host].includes(host),
      );
    expect((await got()).map(({ jobId }) => jobId)).toEqual([first]);
    expect((await got()).map(({ jobId }) => jobId)).toEqual([second]);
    expect(await got()).toEqual([]);
  });

  it('tries again when it is time, and is dead when there is no more time', async () => {
    const { webhooks } = records();
    const webhook = target();
    const id = await ended(webhook);
    const at = now();
    const retryAt = new Date(at.getTime() + 5000);
    const [delivery] = await claim(webhook.host, at);
    expect(await webhooks.failed(delivery!.id, 1, { status: 503, error: 'It answers 503.', retryAt }, at)).toBe(true);
    expect(await webhooks.ofJob(id)).toMatchObject([
      { status: 'pending', lastStatus: 503, lastError: 'It answers 503.', dueAt: retryAt },
    ]);
    expect(await claim(webhook.host, new Date(at.getTime() + 4999))).toEqual([]);
    expect(await claim(webhook.host, retryAt)).toMatchObject([{ id: delivery!.id, attempts: 2 }]);
    await webhooks.failed(delivery!.id, 2, { status: null, error: 'x', retryAt: null }, at);
    expect(await claim(webhook.host, now(1e9))).toEqual([]);

    expect(await webhooks.replay('another', delivery!.id, at)).toBeNull();
    expect(await webhooks.replay('default', delivery!.id, at)).toMatchObject({ status: 'pending', attempts: 0 });
    expect(await webhooks.replay('default', delivery!.id, at)).toBeNull();
    expect(await claim(webhook.host)).toMatchObject([{ id: delivery!.id, attempts: 1, secret: 'whsec_x' }]);
  });

  it('takes a claim back as if it had not been made', async () => {
    const webhook = target();
    await ended(webhook);
    const at = now();
    const [delivery] = await claim(webhook.host, at);
    await records().webhooks.release(delivery!.id, 1, at);
    expect(await claim(webhook.host, at)).toMatchObject([{ id: delivery!.id, attempts: 1 }]);
  });

  it('lists the deliveries of a tenant, newest first', async () => {
    const { webhooks } = records();
    const tenant = 'lists';
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      const job = await ended(target(), tenant);
      ids.unshift((await webhooks.ofJob(job))[0]!.id);
    }
    const page = async (query: Parameters<typeof webhooks.list>[1]) =>
      (await webhooks.list(tenant, query)).map(({ id }) => id);
    expect(await page({ limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await page({ limit: 2, before: ids[1]! })).toEqual(ids.slice(2));
    await webhooks.succeeded(ids[1]!, 200, now());
    expect(await page({ limit: 9, status: 'delivered' })).toEqual([ids[1]]);
    expect(await webhooks.list('another', { limit: 9 })).toEqual([]);
    expect(await webhooks.find('another', ids[0]!)).toBeNull();
  });

  it('forgets what ended long ago, and all of a job that is deleted', async () => {
    const { webhooks } = records();
    const [kept, gone] = [await ended(target()), await ended(target())];
    const at = now();
    const [delivery] = await webhooks.ofJob(kept);
    await webhooks.succeeded(delivery!.id, 200, at);
    await webhooks.sweep(new Date(at.getTime() + deliveryLifetime - 1));
    expect(await webhooks.ofJob(kept)).toHaveLength(1);
    await webhooks.sweep(new Date(at.getTime() + deliveryLifetime));
    expect(await webhooks.ofJob(kept)).toEqual([]);
    expect(await records().deleteJob('default', gone)).toBe(true);
    expect(await webhooks.ofJob(gone)).toEqual([]);
  });

  it('tells its listeners of a new event', async () => {
    const webhook = target();
    const heard = new Promise<void>((resolve) => {
      const stop = records().webhooks.onEvent(() => {
        stop();
        resolve();
      });
    });
    await ended(webhook);
    await heard;
  });
});
