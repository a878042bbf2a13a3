import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openQueue } from '../../src/queue/open.ts';
import type { QueueEngine } from '../../src/queue/engines.ts';
import type { JobQueue } from '../../src/queue/queue.ts';
import { openRecords, type OpenRecords } from '../../src/records/open.ts';
import { newJob } from '../records/conformance.ts';
import { postgresMissing, redisMissing, startPostgres, startRedis, type TestServer } from '../support/servers.ts';
import { freshName, gate, quickTimes, soon, ticket } from './conformance.ts';

const away = expect.objectContaining({ code: 'unavailable' });

async function failsFast(operation: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await expect(operation()).rejects.toEqual(away);
  expect(performance.now() - started).toBeLessThan(2_500);
}

/** Kills the server under a queue with a running, a waiting and a fresh ticket; all three are run after its return. */
async function survivesOutage(server: TestServer, queue: JobQueue): Promise<void> {
  const [running, waiting, later] = [ticket(), ticket(), ticket()];
  const start = gate();
  const end = gate();
  const seen = new Set<string>();
  await queue.consume(
    async ({ id }) => {
      seen.add(id);
      if (id === running.id) {
        start.open();
        await end.passed;
      }
      return 'done';
    },
    { concurrency: 1 },
  );
  await queue.enqueueAll([running, waiting]);
  await start.passed;
  await server.kill();
  await failsFast(() => queue.enqueueAll([later]));
  await failsFast(() => queue.ping());
  await failsFast(() => queue.holds(running.id));
  await server.restart();
  const back = performance.now();
  await vi.waitFor(() => queue.enqueueAll([later]), soon);
  end.open();
  await vi.waitFor(() => expect([...seen]).toEqual(expect.arrayContaining([waiting.id, later.id])), soon);
  console.log(`went on ${Math.round(performance.now() - back)} ms after the return`);
}

describe.skipIf(redisMissing !== null)(`a Redis that goes away ${redisMissing ?? ''}`, () => {
  let server: TestServer;
  const engine = (): QueueEngine => ({ kind: 'redis', url: server.url });
  const quiet = { ...quickTimes, onError: () => {} };
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('makes producers fail at once and workers wait', async () => {
    const queue = await openQueue(engine(), { name: freshName(), ...quiet });
    await survivesOutage(server, queue);
    await queue.close();
  });

  it('does not keep a queue from closing', async () => {
    const queue = await openQueue(engine(), { name: freshName(), ...quiet });
    await queue.consume(async () => 'done', { concurrency: 1 });
    await server.kill();
    const started = performance.now();
    await queue.close();
    expect(performance.now() - started).toBeLessThan(4_000);
    await server.restart();
  });

  it('is told from an address where none answers, in one line', async () => {
    await server.kill();
    const refused = openQueue(engine(), { name: freshName() });
    await expect(refused).rejects.toEqual(away);
    await expect(refused).rejects.toThrow(/^No Redis answers at redis:\/\/127\.0\.0\.1:\d+\. .*--redis-url\.$/);
    await server.restart();
  });
});

describe.skipIf(postgresMissing !== null)(`a PostgreSQL that goes away ${postgresMissing ?? ''}`, () => {
  let server: TestServer;
  let opened: OpenRecords;
  let queue: JobQueue;
  beforeAll(async () => {
    server = await startPostgres();
    opened = await openRecords({ postgresUrl: server.url });
    queue = await openQueue(opened.queueEngine(), { name: freshName(), ...quickTimes, onError: () => {} });
  });
  afterAll(async () => {
    await queue.close();
    await opened.records.close();
    await server.stop();
  });

  it('makes the queue fail at once and go on at its return', () => survivesOutage(server, queue));

  it('makes records fail at once and go on at its return, notices included', async () => {
    const { records } = opened;
    const heard = new Set<string>();
    records.onChange((id) => heard.add(id));
    const job = newJob();
    await server.kill();
    await failsFast(() => records.ping());
    await failsFast(() => records.insertJob(job));
    await server.restart();
    await vi.waitFor(() => records.insertJob(job), soon);
    await vi.waitFor(async () => {
      const { id } = await records.insertJob(newJob());
      await vi.waitFor(() => expect(heard).toContain(id), 200);
    }, soon);
  });

  it('does not keep a queue from closing', async () => {
    const other = await openQueue(opened.queueEngine(), { name: freshName(), ...quickTimes, onError: () => {} });
    await other.consume(async () => 'done', { concurrency: 1 });
    await server.kill();
    const started = performance.now();
    await other.close();
    expect(performance.now() - started).toBeLessThan(4_000);
    await server.restart();
  });

  it('is told from an address where none answers', async () => {
    await server.kill();
    await failsFast(() => openRecords({ postgresUrl: server.url }));
    await server.restart();
  });
});
