import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SerializedError } from '../../src/errors.ts';
import { defaultServerLimits } from '../../src/server/parts/limits.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, finishJob, openApplication } from './application.ts';

let application: Application;

beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

/** Submits with a wait and, once the job is recorded, does `meanwhile`. */
async function submitAndWait(headers: Record<string, string>, meanwhile: (id: string) => Promise<unknown>) {
  const recorded = new Promise<string>((resolve) => {
    const stop = application.parts.records.onChange((id) => {
      stop();
      resolve(id);
    });
  });
  const answer = application.app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' }, headers });
  await meanwhile(await recorded);
  return await answer;
}

async function fail(id: string, error: SerializedError): Promise<void> {
  const { attempt } = (await application.parts.records.startAttempt('default', id))!;
  await application.parts.records.failAttempt(id, attempt, error);
}

describe('Prefer: wait', () => {
  test('answers 200 with the job when it has ended', async () => {
    const response = await submitAndWait({ prefer: 'wait=30' }, async (id) => await finishJob(application, { id }));
    expect(response.statusCode).toBe(200);
    const job = response.json<JobView>();
    expect(job.status).toBe('succeeded');
    expect(response.headers).toMatchObject({ location: job.url, 'preference-applied': 'wait=30' });
  });

  test('answers 200 also with a job that failed', async () => {
    const error = { code: 'device_lost', detail: 'It died.' } as const;
    const response = await submitAndWait({ prefer: 'wait=30' }, async (id) => await fail(id, error));
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ status: 'failed', error });
  });

  test('answers 202 when the time is over', async () => {
    const response = await submitAndWait({ prefer: 'wait=1' }, async () => {});
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ status: 'queued' });
  });

  test('answers with the picture itself, the whole of it', async () => {
    const headers = { prefer: 'wait=30', accept: 'image/png', range: 'bytes=0-0', 'if-none-match': '*' };
    const response = await submitAndWait(headers, async (id) => await finishJob(application, { id }));
    expect(response.statusCode).toBe(200);
    expect(response.rawPayload.subarray(1, 4).toString()).toBe('PNG');
    const location = String(response.headers.location);
    expect(response.headers['content-location']).toBe(`${location}/outputs/0`);
    const { outputs } = (await application.app.inject(location)).json<JobView>();
    expect(response.headers).toMatchObject({ etag: `"${outputs[0]!.sha256}"`, 'content-type': 'image/png' });
  });

  test('asks for the format that Accept names', async () => {
    const headers = { prefer: 'wait=1', accept: 'image/webp' };
    const response = await submitAndWait(headers, async () => {});
    const format = { format: 'webp', quality: 90, metadata: true };
    expect(response.json<JobView>().effective).toMatchObject({ output: format });
  });

  test('answers with the problem of a job that failed where a picture was wanted', async () => {
    const headers = { prefer: 'wait=30', accept: 'image/png' };
    const response = await submitAndWait(headers, async (id) => {
      await fail(id, { code: 'out_of_memory', detail: 'The device has 2 GB.' });
    });
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ code: 'out_of_memory', status: 500, job: response.headers.location });
    const cancelled = await submitAndWait(headers, async (id) => {
      await application.parts.records.requestCancel('default', id);
    });
    expect(cancelled.json()).toMatchObject({ code: 'cancelled', status: 409 });
  });

  test('ends when the server closes', async () => {
    const app = await application.rebuild({});
    const recorded = new Promise((resolve) => application.parts.records.onChange(resolve));
    const headers = { prefer: 'wait=30' };
    const answer = app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' }, headers });
    await recorded;
    await app.close();
    expect((await answer).statusCode).toBe(202);
  });

  test('notices the end also where the notification was lost', async () => {
    const { records, settings } = application.parts;
    const app = await application.rebuild({
      records: { ...records, onChange: () => () => {} },
      settings: { ...settings, limits: { ...defaultServerLimits, pollMs: 20 } },
    });
    const recorded = new Promise<string>((resolve) => records.onChange(resolve));
    const headers = { prefer: 'wait=30' };
    const answer = app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' }, headers });
    await finishJob(application, { id: await recorded });
    expect((await answer).json()).toMatchObject({ status: 'succeeded' });
  });
});
