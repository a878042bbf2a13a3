import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { QueueEngine } from '../../src/queue/engines.ts';
import { startFeeder } from '../../src/queue/feeder.ts';
import { openQueue } from '../../src/queue/open.ts';
import { reconcile } from '../../src/queue/reconciler.ts';
import { openRecords, type RecordsPlace } from '../../src/records/open.ts';
import { newJob, result } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { postgresMissing, redisMissing, startPostgres, startRedis, type TestServer } from '../support/servers.ts';
import { freshName, quickTimes, soon } from './conformance.ts';

const script = fileURLToPath(new URL('worker-process.mjs', import.meta.url));

interface Deployment {
  readonly place: RecordsPlace;
  readonly redisUrl: string | null;
}

/** Runs a worker process until it has started two jobs, then kills it. Returns the ids of these jobs. */
async function killInMidJob(deployment: Deployment, name: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [script, JSON.stringify({ ...deployment, name, ...quickTimes })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const started: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    started.push(line.replace('started ', ''));
    if (started.length === 2) {
      child.kill('SIGKILL');
    }
  }
  await ended;
  return started;
}

async function finishAfterKill(deployment: Deployment): Promise<void> {
  const name = freshName();
  const jobs = Array.from({ length: 5 }, () => newJob());
  const before = await openRecords(deployment.place);
  for (const job of jobs) {
    await before.records.insertJob(job);
  }
  await before.records.close();

  const killed = await killInMidJob(deployment, name);
  expect(killed).toHaveLength(2);

  const { records, queueEngine } = await openRecords(deployment.place);
  const engine: QueueEngine =
    deployment.redisUrl === null ? queueEngine() : { kind: 'redis', url: deployment.redisUrl };
  const queue = await openQueue(engine, { name, ...quickTimes });
  const feeder = startFeeder(records, queue, { windows: { tenant: 10, total: 10 }, onError: console.error });
  try {
    await reconcile(records, queue);
    await queue.consume(
      async ({ tenant, id }) => {
        const job = await records.startAttempt(tenant, id);
        if (job !== null) {
          await records.commitResult(id, job.attempt, result);
        }
        return 'done';
      },
      { concurrency: 2 },
    );
    await vi.waitFor(async () => {
      const states = await records.listJobs('default', { limit: 10 });
      expect(states.map((job) => job.status)).toEqual(jobs.map(() => 'succeeded'));
    }, soon);
    for (const { id, attempt } of await records.listJobs('default', { limit: 10 })) {
      expect(attempt).toBe(killed.includes(id) ? 2 : 1);
      const events = await records.eventsAfter(id, 0);
      expect(events.filter((event) => event.type === 'succeeded')).toHaveLength(1);
    }
    await vi.waitFor(async () => {
      const held = await Promise.all(jobs.map((job) => queue.holds(job.id)));
      expect(held).not.toContain(true);
    }, soon);
  } finally {
    await feeder.close();
    await queue.close();
    await records.close();
  }
}

describe('a worker that is killed in mid-job leaves its jobs to the next one, which ends each once', () => {
  it('over the embedded database, of which nothing is lost', async () => {
    await finishAfterKill({ place: { dataFolder: await newDataFolder() }, redisUrl: null });
  });

  it.skipIf(redisMissing !== null)(`over Redis ${redisMissing ?? ''}`, async () => {
    await withServer(startRedis, async ({ url }) => {
      await finishAfterKill({ place: { dataFolder: await newDataFolder() }, redisUrl: url });
    });
  });

  it.skipIf(postgresMissing !== null)(`over PostgreSQL ${postgresMissing ?? ''}`, async () => {
    await withServer(startPostgres, ({ url }) => finishAfterKill({ place: { postgresUrl: url }, redisUrl: null }));
  });
});

async function withServer(
  start: () => Promise<TestServer>,
  work: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await start();
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}
