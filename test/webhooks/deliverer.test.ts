import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { ArmatureError } from '../../src/errors.ts';
import type { WebhookTarget } from '../../src/generation/request/webhook.ts';
import { openRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import type { EventSubject, WebhookDelivery } from '../../src/records/webhooks/webhook-records.ts';
import { Deliverer, type DelivererOptions, type DelivererParts } from '../../src/webhooks/deliverer.ts';
import { localServer } from '../fetch/local-server.ts';
import { newJob, result } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { nextAttempt } from '../../src/webhooks/schedule.ts';
import { accept, type Receiver, receiver, secret } from './receiver.ts';

let records: Records;
beforeAll(async () => {
  ({ records } = await openRecords({ dataFolder: await newDataFolder() }));
});
afterAll(async () => await records.close());

const clock = (): Date => new Date();
const hour = 3_600_000;
/** All attempts, and no time between them. */
const atOnce: DelivererParts['schedule'] = (attempts, asked, now) =>
  nextAttempt(attempts, asked, now, 0) === null ? null : now;

const open: Deliverer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (deliverer) => await deliverer.close()));
});

function dataOf(subject: EventSubject): object {
  if (subject.kind === 'batch') return { id: subject.batch.id, counts: subject.batch.counts };
  const { id, status, metadata } = subject.job;
  return { id, status, metadata };
}

const write: DelivererParts['write'] = ({ type, createdAt, subject }) => ({
  body: { type, timestamp: createdAt.toISOString(), data: dataOf(subject) },
});

function deliver(
  allow: readonly string[],
  parts: Partial<DelivererParts> = {},
  options: Partial<DelivererOptions> = {},
): Deliverer {
  const deliverer = new Deliverer(
    {
      webhooks: records.webhooks,
      fetcher: createFetcher({ allow }),
      secret: null,
      write,
      clock,
      schedule: (attempts, asked, now) => nextAttempt(attempts, asked, now, 0),
      log: { info() {}, warn() {} },
      observer: { attemptEnded() {} },
      ...parts,
    },
    { concurrency: 8, perHost: 2, pollMs: 20, graceMs: 100, ...options },
  );
  open.push(deliverer);
  return deliverer;
}

/** A job that has ended well, and whose end is in the outbox. */
async function ended(url: string, given: Partial<WebhookTarget> = {}): Promise<string> {
  const webhook: WebhookTarget = {
    url,
    host: new URL(url).host,
    secret,
    events: ['succeeded', 'failed', 'cancelled'],
    ...given,
  };
  const { id } = await records.insertJob(newJob('default', { webhook, metadata: { order: 7 } }));
  await records.startAttempt('default', id);
  await records.commitResult(id, 1, result);
  return id;
}

async function delivery(job: string): Promise<WebhookDelivery> {
  return (await records.webhooks.ofJob(job))[0]!;
}

/** The delivery of a job once it is as expected. */
async function eventually(job: string, expected: Partial<WebhookDelivery>): Promise<WebhookDelivery> {
  await expect.poll(async () => await delivery(job), { timeout: 30_000, interval: 30 }).toMatchObject(expected);
  return await delivery(job);
}

describe('an event', () => {
  test('arrives signed, under its id, with the job as it ended', async () => {
    const hook = await receiver();
    deliver([hook.host]);
    const job = await ended(hook.url);
    const { id, createdAt } = await eventually(job, { status: 'delivered', attempts: 1, lastStatus: 204 });
    expect(hook.events).toEqual([
      {
        id,
        type: 'extraction.succeeded',
        timestamp: createdAt.toISOString(),
        data: { id: job, status: 'succeeded', metadata: { order: 7 } },
      },
    ]);
    expect(hook.requests[0]).toMatchObject({
      method: 'POST',
      url: '/hook?token=abc',
      headers: { 'content-type': 'application/json' },
    });
  });

  test('has headers and a body as it is written, and those by which it is verified', async () => {
    const hook = await receiver();
    const headers = { 'X-Whose': 'ours', 'Webhook-Id': 'evt_forged', 'content-type': 'text/html' };
    deliver([hook.host], { write: () => ({ headers, body: { type: 'another', data: {} } }) });
    const { id } = await eventually(await ended(hook.url), { status: 'delivered' });
    expect(hook.events).toEqual([{ id, type: 'another', data: {} }]);
    expect(hook.requests[0]!.headers).toMatchObject({
      'x-whose': 'ours',
      'webhook-id': id,
      'content-type': 'application/json',
    });
  });

  test('is tried again, and not forever, where the server cannot write it', async () => {
    const hook = await receiver();
    const broken = (): never => {
      throw new Error('a secret of the server');
    };
    deliver([hook.host], { write: broken, schedule: atOnce });
    const { lastError } = await eventually(await ended(hook.url), { status: 'dead', attempts: 10, lastStatus: null });
    expect(lastError).toBe('The server could not write the event: that is a fault of its own.');
    expect(hook.events).toEqual([]);
  });

  test('is signed by the server where its client gave no secret', async () => {
    const own = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const hook = await receiver(accept, own);
    deliver([hook.host], { secret: own });
    await eventually(await ended(hook.url, { secret: null }), { status: 'delivered' });
    expect(hook.events).toHaveLength(1);
  });

  test('is tried again until it is accepted, always under the same id', async () => {
    const hook = await receiver((_event, response, count) => {
      response.writeHead(count < 4 ? 500 : 200).end();
    });
    const outcomes: string[] = [];
    deliver([hook.host], { schedule: atOnce, observer: { attemptEnded: (outcome) => outcomes.push(outcome) } });
    const job = await ended(hook.url);
    const { id } = await eventually(job, { status: 'delivered', attempts: 4, lastError: null });
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'accepted']);
    expect(hook.events.map((event) => event.id)).toEqual([id, id, id, id]);
    expect(new Set(hook.events.map(({ data }) => JSON.stringify(data))).size).toBe(1);
  });

  test('is dead after ten attempts, and goes out again when it is replayed', async () => {
    let up = false;
    const hook = await receiver((_event, response) => response.writeHead(up ? 200 : 404).end());
    deliver([hook.host], { schedule: atOnce });
    const job = await ended(hook.url);
    const { id } = await eventually(job, {
      status: 'dead',
      attempts: 10,
      lastStatus: 404,
      lastError: 'It answers 404.',
    });
    up = true;
    expect(await records.webhooks.replay('default', id, clock())).toMatchObject({ status: 'pending' });
    await eventually(job, { status: 'delivered', attempts: 1 });
    expect(new Set(hook.events.map((event) => event.id))).toEqual(new Set([id]));
    expect(hook.events).toHaveLength(11);
  });

  test('is dead at once where the receiver is gone for good', async () => {
    const hook = await receiver((_event, response) => response.writeHead(410).end());
    deliver([hook.host]);
    await eventually(await ended(hook.url), { status: 'dead', attempts: 1, lastStatus: 410 });
  });

  test('waits for as long as a busy receiver asks', async () => {
    const hook = await receiver((_event, response) => response.writeHead(503, { 'retry-after': '7200' }).end());
    deliver([hook.host]);
    const before = clock().getTime();
    const { dueAt } = await eventually(await ended(hook.url), { attempts: 1, lastStatus: 503 });
    expect(dueAt.getTime() - before).toBeGreaterThanOrEqual(2 * hour);
    expect(dueAt.getTime() - before).toBeLessThan(2 * hour + 60_000);
  });

  test('follows no redirect', async () => {
    const inside = await localServer((_request, response) => response.end());
    const hook = await receiver((_event, response) => response.writeHead(307, { location: inside.origin }).end());
    deliver([hook.host, inside.host]);
    await eventually(await ended(hook.url), {
      attempts: 1,
      lastStatus: 307,
      lastError: 'It answers 307, and redirects are not followed.',
    });
    expect(inside.requests).toEqual([]);
  });

  test('is not sent to an address that is not public, though it was when the request came', async () => {
    const hook = await receiver();
    deliver([]);
    const { lastError } = await eventually(await ended(hook.url), { attempts: 1, lastStatus: null, status: 'pending' });
    expect(lastError).toContain('not on the public internet');
    expect(hook.events).toEqual([]);
  });

  test('fails where nobody listens, and where the answer is cut off', async () => {
    const silent = await receiver((_event, response) => response.destroy());
    deliver([silent.host, '127.0.0.1:1']);
    const [cut, refused] = [await ended(silent.url), await ended('http://127.0.0.1:1/hook')];
    await eventually(cut, { attempts: 1, lastError: expect.stringContaining('127.0.0.1') });
    await eventually(refused, { attempts: 1, lastError: '127.0.0.1 refuses connections.' });
  });

  test('counts as delivered by its status alone, whatever the body of the answer', async () => {
    const hook = await receiver((_event, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(Buffer.alloc(1000));
      // And never ends.
    });
    deliver([hook.host]);
    await eventually(await ended(hook.url), { status: 'delivered', lastStatus: 200 });
  });
});

describe('several receivers', () => {
  test('do not wait for one that hangs', async () => {
    const hanging = await receiver(() => {});
    const quick = await receiver();
    deliver([hanging.host, quick.host]);
    for (let index = 0; index < 6; index += 1) await ended(hanging.url);
    const jobs = await Promise.all([ended(quick.url), ended(quick.url), ended(quick.url)]);
    for (const job of jobs) await eventually(job, { status: 'delivered' });
    // As many at a time as one host may have.
    expect(hanging.events).toHaveLength(2);
  });
});

describe('several deliverers', () => {
  test('send each event once', async () => {
    const hook = await receiver();
    for (let index = 0; index < 3; index += 1) deliver([hook.host]);
    const jobs: string[] = [];
    for (let index = 0; index < 12; index += 1) jobs.push(await ended(hook.url));
    for (const job of jobs) await eventually(job, { status: 'delivered', attempts: 1 });
    expect(new Set(hook.events.map(({ id }) => id)).size).toBe(12);
    expect(hook.events).toHaveLength(12);
  });
});

describe('an event that only another process can write', () => {
  const unknown = (): never => {
    throw new ArmatureError('newer_release', 'It is told in words that this one does not know.');
  };

  test('is left to it, and costs it no attempt; other events of its receiver are not held up', async () => {
    const hook = await receiver();
    const log: unknown[] = [];
    const jobs = [await ended(hook.url), await ended(hook.url), await ended(hook.url)];
    const known = jobs[2]!;
    const first = deliver([hook.host], {
      write: (event) => (event.jobId === known ? write(event) : unknown()),
      log: { info() {}, warn: (facts, message) => log.push({ facts, message }) },
    });
    await eventually(known, { status: 'delivered' });
    const before = clock().getTime();
    for (const job of jobs.slice(0, 2)) {
      const { dueAt } = await eventually(job, { status: 'pending', attempts: 0, lastError: null });
      expect(dueAt.getTime() - before).toBeGreaterThan(15_000);
    }
    await first.close();
    expect(log).toEqual([
      {
        facts: { event: expect.stringMatching(/^evt_/), error: 'It is told in words that this one does not know.' },
        message: 'webhooks are left to others',
      },
    ]);
    // It comes to one that knows them when they are due again.
    deliver([hook.host], { clock: () => new Date(Date.now() + 60_000) });
    for (const job of jobs) await eventually(job, { status: 'delivered', attempts: 1 });
    expect(hook.events.map(({ data }) => data['id'])).toEqual([known, jobs[0], jobs[1]]);
  });
});

describe('a deliverer that ends', () => {
  const hangingOnce = async (): Promise<Receiver> =>
    await receiver((_event, response, count) => {
      if (count > 1) response.writeHead(200).end();
    });

  test('gives back what is under way: the next one sends it under the same id', async () => {
    const hook = await hangingOnce();
    const first = deliver([hook.host]);
    const job = await ended(hook.url);
    await expect.poll(() => hook.events.length, { timeout: 20_000 }).toBe(1);
    await first.close();
    expect(await delivery(job)).toMatchObject({ status: 'pending', attempts: 0 });
    deliver([hook.host]);
    await eventually(job, { status: 'delivered', attempts: 1 });
    expect(new Set(hook.events.map(({ id }) => id)).size).toBe(1);
  });

  test('without a word leaves its claim to lapse, and what it sent is sent again under the same id', async () => {
    const hook = await hangingOnce();
    const job = await ended(hook.url);
    // What a process does before it is killed: it claims, sends and notes nothing.
    const claims = await records.webhooks.claimDue(clock(), new Date(clock().getTime() + 3000), [], 100);
    const claimed = claims.find(({ jobId }) => jobId === job);
    deliver([hook.host]);
    const other = await ended(hook.url);
    await expect.poll(() => hook.events.length, { timeout: 20_000 }).toBe(1);
    expect(hook.events[0]!.data['id']).toBe(other);
    await eventually(job, { status: 'delivered', attempts: 2 });
    expect(hook.events.at(-1)!.id).toBe(claimed!.id);
  });
});
