import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, openApplication } from '../application.ts';

let application: Application;

beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

describe('/readyz', () => {
  test('counts the workers, and is ready without one', async () => {
    const { app, parts } = application;
    expect((await app.inject('/readyz')).json()).toMatchObject({ status: 'ready', workers: 0 });
    const worker = { host: 'node-1', pid: 7, version: '0.0.0', deviceState: 'ready', deviceDetail: 'cpu', loaded: [] };
    await parts.records.workers.sign({ ...worker, id: 'wrk_1' });
    const other = await application.rebuild({});
    expect((await other.inject('/readyz')).json()).toMatchObject({ workers: 1 });
    await parts.records.workers.leave('wrk_1');
  });

  test('answers although the database hangs, and asks it once however often it is asked', async () => {
    const { records } = application.parts;
    let pings = 0;
    const hang = async (): Promise<never> => {
      pings += 1;
      return await new Promise(() => {});
    };
    const app = await application.rebuild({
      records: { ...records, ping: hang, workers: { ...records.workers, alive: hang } },
    });
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await app.inject('/readyz')));
    for (const answer of answers) {
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toMatchObject({
        detail: 'Not ready: database.',
        checks: { database: { ok: false }, queue: { ok: true }, store: { ok: true } },
        workers: null,
      });
    }
    expect(pings).toBe(2);
  });
});

describe('/metrics', () => {
  test('says how deep the queue is and how many workers there are', async () => {
    const { app } = application;
    await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'a red ball' } });
    const fresh = await application.rebuild({});
    const { body } = await fresh.inject('/metrics');
    expect(body).toMatch(/^armature_jobs\{state="(waiting|dispatched)"\} [1-9]/m);
    expect(body).toMatch(/^armature_jobs\{state="running"\} 0$/m);
    expect(body).toMatch(/^armature_queue_oldest_seconds \d/m);
    expect(body).toMatch(/^armature_workers 0$/m);
  });

  test('leaves out what a database that is away cannot tell', async () => {
    const { records } = application.parts;
    const away = async (): Promise<never> => await Promise.reject(new Error('away'));
    const app = await application.rebuild({ records: { ...records, overview: { ...records.overview, queue: away } } });
    const answer = await app.inject('/metrics');
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toMatch(/^armature_jobs\{/m);
    expect(answer.body).toMatch(/^armature_build_info\{/m);
  });
});
