import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, finishJob, openApplication } from './application.ts';

let application: Application;

beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

interface Overview {
  readonly [part: string]: unknown;
}

async function overview(): Promise<Overview> {
  // An app of its own has nothing remembered.
  const app = await application.rebuild({});
  const answer = await app.inject('/v1/admin/overview');
  expect(answer.statusCode).toBe(200);
  return answer.json<Overview>();
}

async function submit(): Promise<{ readonly id: string }> {
  const payload = { prompt: 'a red ball' };
  return (await application.app.inject({ method: 'POST', url: '/v1/generations', payload })).json();
}

describe('GET /v1/admin/overview', () => {
  test('says of a service that does nothing that it does nothing', async () => {
    expect(await overview()).toMatchObject({
      version: '0.0.0',
      queue: { waiting: 0, dispatched: 0, running: 0, oldest_s: null },
      windows: { tenant: 32, total: 64 },
      lately: { minutes: 60, succeeded: 0, failed: 0, cancelled: 0 },
      tenants: [],
      batches: [],
      workers: [],
      dead_letters: { count: 0, newest: [] },
      webhooks: { pending: 0, dead: 0 },
      failures: [],
    });
  });

  test('counts what waits, what is done, what failed and who draws', async () => {
    const { records } = application.parts;
    await submit();
    await finishJob(application, await submit());
    const failed = await submit();
    await records.startAttempt('default', failed.id);
    await records.failAttempt(failed.id, 1, { code: 'out_of_memory', detail: 'Too large.' });
    const worker = {
      id: 'wrk_1',
      host: 'node-1',
      pid: 7,
      version: '0.0.0',
      deviceState: 'ready',
      deviceDetail: 'cpu',
      loaded: [],
    };
    await records.workers.sign(worker);
    expect(await overview()).toMatchObject({
      queue: { running: 0, oldest_s: expect.any(Number) },
      lately: { succeeded: 1, failed: 1 },
      tenants: [{ tenant: 'default', running: 0 }],
      workers: [{ id: 'wrk_1', host: 'node-1', device_state: 'ready', device_detail: 'cpu' }],
      failures: [{ code: 'out_of_memory', count: 1, last_job: failed.id }],
    });
  });

  test('lists dead letters until they are queued again', async () => {
    const { records } = application.parts;
    const { id } = await submit();
    for (const attempt of [1, 2, 3]) {
      await records.startAttempt('default', id);
      await records.faults.note(id, attempt, 'strike', { code: 'device_lost', detail: 'The device process ended.' });
    }
    const dead = { id, tenant: 'default', error: { code: 'device_lost' }, strikes: 3 };
    expect(await overview()).toMatchObject({ dead_letters: { count: 1, newest: [dead] } });
    const replayed = await application.app.inject({ method: 'POST', url: '/v1/dead-letters/replay' });
    expect(replayed.json()).toMatchObject({ replayed: [id] });
    expect(await overview()).toMatchObject({ dead_letters: { count: 0, newest: [] } });
  });

  test('asks the database once for all who ask at once', async () => {
    const { records } = application.parts;
    let asked = 0;
    const queue = async () => {
      asked += 1;
      return await records.overview.queue();
    };
    const app = await application.rebuild({ records: { ...records, overview: { ...records.overview, queue } } });
    await Promise.all(Array.from({ length: 10 }, async () => await app.inject('/v1/admin/overview')));
    expect(asked).toBe(1);
  });
});

describe('GET /board', () => {
  test('is a page that runs nothing but its own files', async () => {
    const answer = await application.app.inject('/board');
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    const scripts = [...answer.body.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(scripts).toContain('assets/board.js');
    for (const path of scripts) expect((await application.app.inject(`/${path}`)).statusCode, path).toBe(200);
  });
});
