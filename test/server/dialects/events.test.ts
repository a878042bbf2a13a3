import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import type { Dialect } from '../../../src/server/dialects/contract/dialect.ts';
import { dialects } from '../../../src/server/dialects/registry.ts';
import { eventWriter } from '../../../src/server/dialects/write-events.ts';
import { links } from '../../../src/server/http/links.ts';
import { Deliverer } from '../../../src/webhooks/deliverer.ts';
import { type Receiver, receiver, secret } from '../../webhooks/receiver.ts';
import { type Application, finishJob, openApplication } from '../application.ts';
import { atelier } from './atelier.ts';

let application: Application;
let hook: Receiver;
beforeAll(async () => {
  application = await openApplication();
});
beforeEach(async () => {
  hook = await receiver();
});
afterAll(async () => await application.close());

async function post(url: string, payload: Readonly<Record<string, unknown>>): Promise<string> {
  const changes = { fetcher: createFetcher({ allow: [hook.host] }) };
  const app = await application.rebuild(changes, [...dialects, atelier]);
  const response = await app.inject({ method: 'POST', url, payload });
  const { id, ticket } = response.json<{ id?: string; ticket?: string }>();
  return id ?? ticket!;
}

/** Sends what is due a minute from now in these dialects, until what is told is `until`. */
async function deliver(spoken: readonly Dialect[], until: () => Promise<void>, log: unknown[] = []): Promise<void> {
  const { parts } = application;
  const deliverer = new Deliverer({
    webhooks: parts.records.webhooks,
    fetcher: createFetcher({ allow: [hook.host] }),
    secret: null,
    write: eventWriter(spoken, links('https://draw.example.com')),
    clock: parts.clock,
    schedule: () => null,
    log: { info() {}, warn: (facts) => log.push(facts) },
    observer: parts.metrics.webhooks,
  });
  try {
    await until();
  } finally {
    await deliverer.close();
  }
}

const tell = () => ({ url: hook.url, secret });
const statusOf = async (job: string) => (await application.parts.records.webhooks.ofJob(job))[0]!.status;

describe('the receiver of a job', () => {
  test('is told in the dialect in which the job was asked for, and of our own API as before', async () => {
    const named = await post('/atelier/drawings', { words: 'a house', name: 'my house', tell: tell() });
    const nameless = await post('/atelier/drawings', { words: 'a house', tell: tell() });
    const own = await post('/v1/generations', { prompt: 'a house', webhook: tell() });
    for (const id of [named, nameless, own]) await finishJob(application, { id });
    await deliver([...dialects, atelier], async () => {
      for (const id of [named, nameless, own]) await expect.poll(() => statusOf(id)).toBe('delivered');
    });
    const first = (id: string) => `https://draw.example.com/v1/generations/${id}/outputs/0`;
    expect(hook.events).toHaveLength(3);
    expect(hook.events).toEqual(
      expect.arrayContaining([
        {
          id: expect.stringMatching(/^evt_/),
          over: 'my house',
          ticket: named,
          status: 'succeeded',
          first: first(named),
        },
        { id: expect.any(String), over: null, ticket: nameless, status: 'succeeded', first: first(nameless) },
        {
          id: expect.any(String),
          type: 'generation.succeeded',
          timestamp: expect.any(String),
          data: expect.objectContaining({ id: own, outputs: [expect.objectContaining({ url: first(own) })] }),
        },
      ]),
    );
    const headers = hook.requests.map((request) => request.headers);
    expect(headers.filter((one) => one['x-atelier-event'] === one['webhook-id'])).toHaveLength(2);
  });

  test('is told by a process that speaks the dialect, where one that does not came first', async () => {
    const id = await post('/atelier/drawings', { words: 'a house', name: 'left', tell: tell() });
    await finishJob(application, { id });
    const log: unknown[] = [];
    await deliver(dialects, async () => await expect.poll(() => log).toHaveLength(1), log);
    expect(log).toEqual([
      {
        event: expect.stringMatching(/^evt_/),
        error:
          'The end of a job is to be told in the dialect "atelier", and this release speaks armature. ' +
          'Run the release that took the job, or a newer one.',
      },
    ]);
    expect((await application.parts.records.webhooks.ofJob(id))[0]).toMatchObject({ status: 'pending', attempts: 0 });
    // Whoever asks for the job itself is answered everywhere.
    const seen = await application.app.inject(`/v1/generations/${id}`);
    expect(seen.json()).toMatchObject({ id, status: 'succeeded' });
    application.passTime(60_000);
    await deliver([...dialects, atelier], async () => await expect.poll(() => statusOf(id)).toBe('delivered'));
    expect(hook.events).toMatchObject([{ over: 'left', ticket: id }]);
  });
});

describe('a job that its client gave a name', () => {
  const named = async (name: string) =>
    await application
      .rebuild({}, [...dialects, atelier])
      .then(async (app) => await app.inject(`/atelier/drawings/${encodeURIComponent(name)}`));

  test('is found by it: the newest', async () => {
    await post('/atelier/drawings', { words: 'a house', name: 'twice' });
    const newest = await post('/atelier/drawings', { words: 'a tree', name: 'twice' });
    expect((await named('twice')).json()).toEqual({ ticket: newest, name: 'twice', status: 'queued' });
    expect((await named('thrice')).statusCode).toBe(404);
  });

  test.each([
    ['is too long', 'x'.repeat(256)],
    ['is empty', ''],
    ['cannot be kept', 'a\0b'],
  ])('that %s is refused', async (_, name) => {
    const app = await application.rebuild({}, [...dialects, atelier]);
    const payload = { words: 'a house', name };
    const refused = await app.inject({ method: 'POST', url: '/atelier/drawings', payload });
    expect(refused.json()).toMatchObject({ wrong: { name: 'invalid_request' } });
  });

  test('is another request under another name', async () => {
    const app = await application.rebuild({}, [...dialects, atelier]);
    const draw = async (name: string) => {
      const headers = { 'idempotency-key': 'names' };
      return await app.inject({ method: 'POST', url: '/atelier/drawings', headers, payload: { words: 'x', name } });
    };
    expect((await draw('one')).statusCode).toBe(201);
    expect((await draw('one')).headers['idempotency-replayed']).toBe('true');
    expect((await draw('two')).json()).toMatchObject({ wrong: { name: 'idempotency_mismatch' } });
  });
});
