import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type JobView, jobSchema } from '../../src/server/views/job-schema.ts';
import { type Application, finishJob, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
let picture: Buffer;

beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile();
});
afterAll(async () => await application.close());

async function submit(parts: Record<string, string> = {}): Promise<JobView> {
  const form = await multipart({ prompt: 'x', steps: '4', ...parts, canny: picture });
  const response = await application.app.inject({ method: 'POST', url: '/v1/generations', ...form });
  expect(response.statusCode).toBe(202);
  return response.json<JobView>();
}

async function get(url: string, headers: Record<string, string> = {}) {
  return await application.app.inject({ method: 'GET', url, headers });
}

async function cancel(id: string) {
  return await application.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel` });
}

describe('a job', () => {
  test('shows its progress and then what it made', async () => {
    const { id, url } = await submit();
    const { records } = application.parts;
    const { attempt } = (await records.startAttempt('default', id))!;
    await records.reportProgress(id, attempt, { step: 3, steps: 4, share: 0.75 });
    expect((await get(url)).json()).toMatchObject({
      status: 'running',
      progress: { step: 3, steps: 4, share: 0.75 },
      queue_position: null,
      attempt: 1,
      outputs: [],
    });

    await finishJob(application, { id });
    const job = jobSchema.strict().parse((await get(url)).json());
    expect(job).toMatchObject({
      status: 'succeeded',
      eta_s: null,
      outputs: [{ url: `${url}/outputs/0`, seed: 123, width: 32, content_type: 'image/png' }],
      maps: [{ url: `${url}/maps/0`, control: 0 }],
      effective: { controls: [{ type: 'canny', map_url: `${url}/maps/0` }] },
      warnings: ['canny: no edges were found.'],
      timings: { wait_ms: 1, prepare_ms: 2, draw_ms: 3, store_ms: 4 },
    });
    expect(JSON.stringify(job)).not.toContain('tenants/');
  });

  test('shows why it failed', async () => {
    const { id, url } = await submit();
    const { records } = application.parts;
    const { attempt } = (await records.startAttempt('default', id))!;
    await records.failAttempt(id, attempt, { code: 'out_of_memory', detail: 'The device has 2 GB.' });
    const error = { code: 'out_of_memory', detail: 'The device has 2 GB.' };
    expect((await get(url)).json()).toMatchObject({ status: 'failed', error });
  });

  test('knows its place and, once jobs have ended, its time', async () => {
    const first = await submit();
    const second = await submit();
    const app = await application.rebuild({});
    const position = async (url: string) => (await app.inject(url)).json<JobView>();
    const [one, two] = [await position(first.url), await position(second.url)];
    expect(two.queue_position).toBe(one.queue_position! + 1);
    expect(two.eta_s).toBeGreaterThanOrEqual(1);
  });

  test('of another tenant does not exist', async () => {
    const { plan, warnings, metadata } = (await application.parts.records.findJob('default', (await submit()).id))!;
    const id = 'gen_01890000-0000-7000-8000-000000000000';
    await application.parts.records.insertJob({ id, tenant: 'other', plan, warnings, metadata, priority: 5 });
    expect((await get(`/v1/generations/${id}`)).statusCode).toBe(404);
    expect((await get(`/v1/generations/${id}/events`)).statusCode).toBe(404);
    expect((await get(`/v1/generations/${id}/outputs/0`)).statusCode).toBe(404);
    expect((await cancel(id)).statusCode).toBe(404);
    expect((await application.app.inject({ method: 'DELETE', url: `/v1/generations/${id}` })).statusCode).toBe(404);
  });
});

describe('the list of jobs', () => {
  test('leads from page to page, the newest first', async () => {
    const ids = [(await submit()).id, (await submit()).id, (await submit()).id].toReversed();
    const first = (await get('/v1/generations?limit=2')).json<{ data: JobView[]; next_cursor: string }>();
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = (await get(`/v1/generations?limit=2&cursor=${first.next_cursor}`)).json<{ data: JobView[] }>();
    expect(second.data[0]?.id).toBe(ids[2]);
  });

  test('can be of one state, and ends', async () => {
    const { id } = await submit();
    await cancel(id);
    const page = (await get('/v1/generations?status=cancelled')).json<{ data: JobView[]; next_cursor: null }>();
    expect(page.data.every(({ status }) => status === 'cancelled')).toBe(true);
    expect(page.data.map((job) => job.id)).toContain(id);
    expect(page.next_cursor).toBeNull();
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['status=done', 'status'],
    ['page=2', undefined],
  ])('refuses %s', async (query, field) => {
    const response = await get(`/v1/generations?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'invalid_request', ...(field === undefined ? {} : { field }) });
  });
});

describe('cancelling', () => {
  test('ends a waiting job at once and takes its ticket back', async () => {
    const { id } = await submit();
    expect((await cancel(id)).json()).toMatchObject({ status: 'cancelled' });
    expect(await application.parts.queue.holds(id)).toBe(false);
    expect((await cancel(id)).statusCode).toBe(200);
  });

  test('asks a running job to stop', async () => {
    const { id } = await submit();
    await application.parts.records.startAttempt('default', id);
    expect((await cancel(id)).json()).toMatchObject({ status: 'running', cancel_requested: true });
    expect([...(await application.parts.records.cancelRequested([id]))]).toEqual([id]);
  });

  test('comes too late for a job that has ended', async () => {
    const { id } = await finishJob(application, await submit());
    expect((await cancel(id)).json()).toMatchObject({ code: 'conflict', status: 409 });
  });
});

describe('deleting', () => {
  test('takes a finished job away with its files', async () => {
    const { url, id } = await submit();
    const { result } = await finishJob(application, { id });
    const response = await application.app.inject({ method: 'DELETE', url });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect((await get(url)).statusCode).toBe(404);
    expect(await application.parts.store.stat(result!.outputs[0]!.key)).toBeNull();
    expect(await application.parts.store.stat(result!.maps[0]!.key)).toBeNull();
    expect((await application.app.inject({ method: 'DELETE', url })).statusCode).toBe(404);
  });

  test('leaves a job alone that has not ended', async () => {
    const { url, id } = await submit();
    expect((await application.app.inject({ method: 'DELETE', url })).json()).toMatchObject({ code: 'conflict' });
    await application.parts.records.startAttempt('default', id);
    const problem = (await application.app.inject({ method: 'DELETE', url })).json<{ detail: string }>();
    expect(problem.detail).toContain('is running: cancel it before it is deleted');
  });
});

describe('the files of a job', () => {
  let job: JobView;
  let bytes: Buffer;

  beforeAll(async () => {
    const { id, url } = await submit();
    await finishJob(application, { id });
    job = (await get(url)).json<JobView>();
    bytes = (await get(job.outputs[0]!.url)).rawPayload;
  });

  test('are served under their hash, never sniffed', async () => {
    const { sha256, url } = job.outputs[0]!;
    const response = await get(url);
    expect(createHash('sha256').update(response.rawPayload).digest('hex')).toBe(sha256);
    expect(response.headers).toMatchObject({
      etag: `"${sha256}"`,
      'content-type': 'image/png',
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
      'content-disposition': `inline; filename="${job.id}-0.png"`,
    });
  });

  test('need not be sent again', async () => {
    const { sha256, url } = job.maps[0]!;
    const response = await get(url, { 'if-none-match': `"other", "${sha256}"` });
    expect([response.statusCode, response.body]).toEqual([304, '']);
    expect((await get(url, { 'if-none-match': '"other"' })).statusCode).toBe(200);
  });

  test('can be had in parts', async () => {
    const { url, sha256 } = job.outputs[0]!;
    const part = await get(url, { range: 'bytes=1-3' });
    expect([part.statusCode, part.rawPayload]).toEqual([206, bytes.subarray(1, 4)]);
    expect(part.headers).toMatchObject({ 'content-range': `bytes 1-3/${bytes.length}`, 'content-length': '3' });
    const outside = await get(url, { range: `bytes=${bytes.length}-` });
    expect(outside.json()).toMatchObject({ code: 'range_not_satisfiable', status: 416 });
    expect(outside.headers['content-range']).toBe(`bytes */${bytes.length}`);
    expect((await get(url, { range: 'bytes=1-3', 'if-range': '"other"' })).statusCode).toBe(200);
    expect((await get(url, { range: 'bytes=1-3', 'if-range': `"${sha256}"` })).statusCode).toBe(206);
  });

  test('answer HEAD with the headers alone', async () => {
    const response = await application.app.inject({ method: 'HEAD', url: job.outputs[0]!.url });
    expect([response.statusCode, response.body]).toEqual([200, '']);
    expect(response.headers['content-length']).toBe(String(bytes.length));
  });

  test('have their sources beside them, as they came', async () => {
    const response = await get(`${job.url}/sources/0`);
    expect(response.rawPayload).toEqual(picture);
    expect(response.headers).toMatchObject({
      etag: `"${createHash('sha256').update(picture).digest('hex')}"`,
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-disposition': `inline; filename="${job.id}-source-0.png"`,
    });
    expect((await get(`${job.url}/sources/1`)).json()).toMatchObject({ code: 'not_found' });
    const photograph = await pictureFile('jpeg');
    const form = await multipart({ image: photograph });
    const { id } = (
      await application.app.inject({ method: 'POST', url: '/v1/conditions/canny', ...form })
    ).json<JobView>();
    const extracted = await get(`/v1/generations/${id}/sources/0`);
    expect([extracted.headers['content-type'], extracted.rawPayload]).toEqual(['image/jpeg', photograph]);
  });

  test('have no source where structure came as data', async () => {
    const layout = {
      regions: [
        {
          class: 'sky',
          polygon: [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
        },
      ],
    };
    const payload = { prompt: 'x', controls: [{ type: 'seg', image: { layout } }] };
    const { url } = (await application.app.inject({ method: 'POST', url: '/v1/generations', payload })).json<JobView>();
    expect((await get(`${url}/sources/0`)).json()).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('are as many as there are', async () => {
    expect((await get(`${job.url}/outputs/1`)).json()).toMatchObject({ code: 'not_found' });
    expect((await get(`${job.url}/maps/1`)).json()).toMatchObject({ code: 'not_found' });
    expect((await get(`${job.url}/outputs/-1`)).statusCode).toBe(400);
    const waiting = await submit();
    expect((await get(`${waiting.url}/outputs/0`)).json<{ detail: string }>().detail).toContain('it is queued');
  });
});
