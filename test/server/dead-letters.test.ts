import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadLetterListSchema } from '../../src/server/views/dead-letter.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, openApplication } from './application.ts';

const lost = { code: 'device_lost', detail: 'The device process was ended by SIGKILL.' } as const;

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

async function call(method: 'GET' | 'POST', url: string) {
  return await application.app.inject({ method, url });
}

async function submit(): Promise<string> {
  const payload = { prompt: 'x', metadata: { page: 3 } };
  const response = await application.app.inject({ method: 'POST', url: '/v1/generations', payload });
  return response.json<JobView>().id;
}

/** Strikes a job dead, as a worker does whose device dies each time. */
async function deadJob(): Promise<string> {
  const { records } = application.parts;
  const id = await submit();
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await records.startAttempt('default', id);
    await records.faults.note(id, attempt, 'strike', lost);
  }
  return id;
}

async function list(query = '') {
  return deadLetterListSchema.parse((await call('GET', `/v1/dead-letters${query}`)).json());
}

describe('dead letters', () => {
  test('are listed with what killed them, by pages', async () => {
    const ids = [await deadJob(), await deadJob(), await deadJob()].toReversed();
    const first = await list('?limit=2');
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.data[0]).toMatchObject({ error: lost, strikes: 3, losses: 0, attempt: 3, metadata: { page: 3 } });
    const second = await list(`?limit=2&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ data: [{ id: ids[2] }], next_cursor: null });
    expect((await call('GET', `/v1/generations/${ids[0]}`)).json()).toMatchObject({
      status: 'failed',
      dead: true,
      strikes: 3,
      error: lost,
      last_fault: lost,
    });
  });

  test('are replayed together', async () => {
    const id = await deadJob();
    const { replayed, more } = (await call('POST', '/v1/dead-letters/replay')).json<{
      replayed: string[];
      more: boolean;
    }>();
    expect(replayed).toContain(id);
    expect(more).toBe(false);
    expect(await list()).toEqual({ data: [], next_cursor: null });
    expect((await call('GET', `/v1/generations/${id}`)).json()).toMatchObject({ status: 'queued', dead: false });
    await expect.poll(async () => await application.parts.queue.holds(id)).toBe(true);
  });
});

describe('a retry', () => {
  test('queues a cancelled job again', async () => {
    const id = await submit();
    await call('POST', `/v1/generations/${id}/cancel`);
    const response = await call('POST', `/v1/generations/${id}/retry`);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ id, status: 'queued', cancel_requested: false, finished_at: null });
    await expect.poll(async () => await application.parts.queue.holds(id)).toBe(true);
  });

  test('is refused where there is nothing to retry', async () => {
    const id = await submit();
    expect((await call('POST', `/v1/generations/${id}/retry`)).json()).toMatchObject({ status: 409, code: 'conflict' });
    expect((await call('POST', '/v1/generations/gen_none/retry')).statusCode).toBe(404);
  });
});
