import { Readable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as yauzl from 'yauzl';
import type { BatchRecords } from '../../src/records/batches/batches.ts';
import { newBatchId, newJobId } from '../../src/records/schema/ids.ts';
import { type BatchView, batchItemsSchema, batchSchema } from '../../src/server/views/batch-view.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, finishJob, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

type Answer = Awaited<ReturnType<Application['app']['inject']>>;

async function post(payload: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return await application.app.inject({ method: 'POST', url: '/v1/batches', payload: payload as object, headers });
}

async function postLines(text: string, query = '', headers: Record<string, string> = {}): Promise<Answer> {
  return await application.app.inject({
    method: 'POST',
    url: `/v1/batches${query}`,
    headers: { 'content-type': 'application/jsonl', ...headers },
    // Piece by piece, and a letter of two bytes cut in half.
    payload: Readable.from(pieces(Buffer.from(text))),
  });
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return await application.app.inject({ method: 'GET', url, headers });
}

async function made(payload: unknown): Promise<BatchView> {
  const response = await post(payload);
  expect(response.statusCode).toBe(202);
  return response.json<BatchView>();
}

async function itemsOf({ items_url: url }: BatchView): Promise<readonly JobView[]> {
  return (await get(`${url}?limit=100`)).json<{ data: JobView[] }>().data;
}

const ball = { prompt: 'a ball', steps: 4, seed: 1 };

describe('a batch', () => {
  test('is a list of requests', async () => {
    const response = await post([ball, { ...ball, prompt: 'a cube' }]);
    const batch = batchSchema.strict().parse(response.json());
    expect(response.headers.location).toBe(batch.url);
    expect(batch).toMatchObject({ items: 2, matrix: null, status: 'queued', progress: 0, name: null });
    expect(batch.counts).toEqual({ queued: 2, running: 0, succeeded: 0, failed: 0, cancelled: 0 });
    const items = await itemsOf(batch);
    expect(items.map(({ effective }) => effective)).toMatchObject([{ prompt: 'a ball' }, { prompt: 'a cube' }]);
    expect(items.map((item) => item.batch)).toEqual([
      { id: batch.id, index: 0 },
      { id: batch.id, index: 1 },
    ]);
  });

  test('has a name, metadata, and a priority that an item may have another of', async () => {
    const batch = await made({ items: [ball, { ...ball, priority: 9 }], name: 'n', metadata: { a: 1 }, priority: 1 });
    expect(batch).toMatchObject({ name: 'n', metadata: { a: 1 } });
    expect((await itemsOf(batch)).map(({ priority }) => priority)).toEqual([1, 9]);
    expect((await itemsOf(await made([ball])))[0]?.priority).toBe(3);
  });

  test('is JSON Lines, read as they arrive', async () => {
    const lines = [ball, { ...ball, prompt: 'ein Würfel' }].map((item) => JSON.stringify(item));
    const response = await postLines(`${lines.join('\n\n')}\n`, '?name=lines&priority=2');
    const batch = response.json<BatchView>();
    expect(batch).toMatchObject({ items: 2, name: 'lines' });
    const items = await itemsOf(batch);
    expect(items[1]).toMatchObject({ priority: 2, effective: { prompt: 'ein Würfel' } });
  });

  test('of JSON Lines is told at which of its lines the JSON is wrong', async () => {
    const response = await postLines('{"prompt": "a"}\n\n{"prompt": "a", "prompt": "b"}\n{"prompt" "b"}');
    expect(response.json()).toMatchObject({
      errors: [
        { field: 'items[1].prompt', detail: expect.stringMatching(/twice, at line 3, column 25\.$/) as string },
        { field: 'items[2]', detail: expect.stringMatching(/line 4 to be JSON .* at line 4, column 11\.$/) as string },
      ],
    });
  });

  test('is a template and a matrix, of which the last axis changes fastest', async () => {
    const template = { prompt: 'x', steps: 4, controls: [{ type: 'canny', image: { part: 'photo' } }] };
    const matrix = { seed: [1, 2], 'controls[0].scale': [0.5, 1], 'output.format': ['png', 'webp'] };
    const form = await multipart({ request: JSON.stringify({ template, matrix }), photo: await pictureFile() });
    const response = await application.app.inject({ method: 'POST', url: '/v1/batches', ...form });
    const batch = response.json<BatchView>();
    expect(batch.matrix).toEqual([
      { path: 'seed', labels: ['1', '2'] },
      { path: 'controls[0].scale', labels: ['0.5', '1'] },
      { path: 'output.format', labels: ['png', 'webp'] },
    ]);
    const drawn = (await itemsOf(batch)).map(({ effective }) => {
      if (!('controls' in effective)) throw new Error('Expected a generation');
      return [effective.seed, effective.controls[0]?.scale, effective.output.format].join(' ');
    });
    expect(drawn).toEqual([
      '1 0.5 png',
      '1 0.5 webp',
      '1 1 png',
      '1 1 webp',
      '2 0.5 png',
      '2 0.5 webp',
      '2 1 png',
      '2 1 webp',
    ]);
  });

  test('checks and keeps a picture once that all items share', async () => {
    const { store } = application.parts;
    let puts = 0;
    const app = await application.rebuild({
      store: {
        ...store,
        put: async (...given) => {
          puts += 1;
          await store.put(...given);
        },
      },
    });
    const picture = await pictureFile('png', 40, 40);
    const item = { ...ball, controls: [{ type: 'canny', image: { part: 'photo' } }] };
    const items = Array.from({ length: 30 }, () => JSON.stringify(item)).join('\n');
    const form = await multipart({ items, photo: picture });
    expect((await app.inject({ method: 'POST', url: '/v1/batches', ...form })).statusCode).toBe(202);
    expect(puts).toBe(1);
  });

  test('is made once for an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'a-batch' };
    const first = (await postLines(JSON.stringify(ball), '', headers)).json<BatchView>();
    const again = await postLines(JSON.stringify(ball), '', headers);
    expect(again.json<BatchView>().id).toBe(first.id);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await post([{ ...ball, seed: 2 }], headers)).statusCode).toBe(422);
  });
});

describe('what is wrong with a batch', () => {
  test('is told of every item at once, and none is accepted', async () => {
    const before = await application.parts.records.scheduling.depth(null, 10_000);
    const text = [ball, { ...ball, promt: 'x' }, 'no json', { ...ball, steps: 0 }]
      .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      .join('\n');
    const response = await postLines(text);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      code: 'invalid_request',
      field: 'items[1].promt',
      choices: ['prompt'],
      errors: [
        { field: 'items[1].promt' },
        { field: 'items[2]' },
        { field: 'items[3].steps', code: 'invalid_request' },
      ],
    });
    expect(await application.parts.records.scheduling.depth(null, 10_000)).toBe(before);
  });

  test('has the place in each item, also of a picture that they share', async () => {
    const item = { ...ball, controls: [{ type: 'canny', image: { data: 'AAAA' } }] };
    const problem = (await post([item, { ...item, seed: 2 }])).json<{ errors: { field: string }[] }>();
    expect(problem.errors.map(({ field }) => field)).toEqual([
      'items[0].controls[0].image',
      'items[1].controls[0].image',
    ]);
  });

  test('is told of 20 items at most', async () => {
    const response = await post(Array.from({ length: 50 }, () => ({ promt: 'x' })));
    expect(response.json<{ errors: unknown[] }>().errors).toHaveLength(20);
  });

  test.each<[string, unknown, string, string]>([
    ['nothing', [], 'invalid_request', 'items'],
    ['an unknown field', { items: [ball], nam: 'x' }, 'invalid_request', 'nam'],
    ['a webhook without an address', { items: [ball], webhook: {} }, 'invalid_request', 'webhook.url'],
    ['an empty axis', { template: ball, matrix: { seed: [] } }, 'invalid_request', 'matrix.seed'],
    ['no axis', { template: ball, matrix: {} }, 'invalid_request', 'matrix'],
    ['a path that is none', { template: ball, matrix: { 'a b': [1] } }, 'invalid_request', 'matrix'],
    ['a path into the prototype', { template: ball, matrix: { '__proto__.x': [1] } }, 'invalid_request', 'matrix'],
    ['a path through a number', { template: ball, matrix: { 'seed.x': [1] } }, 'invalid_request', 'matrix.seed.x'],
    [
      'a path past the end',
      { template: ball, matrix: { 'controls[3].scale': [1] } },
      'invalid_request',
      'matrix.controls[3].scale',
    ],
    [
      'a field that a request does not have',
      { template: ball, matrix: { sed: [1] } },
      'invalid_request',
      'items[0].sed',
    ],
    ['both', { items: [ball], template: ball, matrix: { seed: [1] } }, 'invalid_request', 'items'],
    [
      'too many',
      { template: ball, matrix: { seed: Array(200).fill(1), steps: Array(200).fill(2) } },
      'payload_too_large',
      'matrix',
    ],
    ['a model that is not there', [{ ...ball, model: 'nope' }], 'unknown_model', 'items[0].model'],
  ])('%s', async (_name, payload, code, field) => {
    expect((await post(payload)).json()).toMatchObject({ code, field });
  });

  test('a file that no item refers to', async () => {
    const form = await multipart({ request: JSON.stringify([ball]), photo: await pictureFile() });
    const response = await application.app.inject({ method: 'POST', url: '/v1/batches', ...form });
    expect(response.json()).toMatchObject({ code: 'invalid_request', field: 'photo' });
  });

  test('more items, or more cost, than the server allows', async () => {
    const { settings } = application.parts;
    const limits = { ...settings.limits, batchItems: 2, batchCost: 10_000_000 };
    const app = await application.rebuild({ settings: { ...settings, limits } });
    const send = async (payload: object) =>
      (await app.inject({ method: 'POST', url: '/v1/batches', payload })).json<object>();
    expect(await send([ball, ball, ball])).toMatchObject({ code: 'payload_too_large', field: 'items' });
    expect(await send([{ ...ball, steps: 100, width: 512, height: 512 }])).toMatchObject({ code: 'payload_too_large' });
    expect(await send([{ ...ball, width: 64, height: 64 }])).toMatchObject({ items: 1 });
  });
});

describe('a batch that runs', () => {
  /** Cancels or retries a batch. On a busy machine even the work of three items may go on behind the answer. */
  const asked = async (url: string): Promise<void> => {
    const answer = await application.app.inject({ method: 'POST', url });
    expect([200, 202]).toContain(answer.statusCode);
    const { id } = answer.json<BatchView>();
    const { batches } = application.parts.records;
    await expect.poll(async () => (await batches.find('default', id))?.cancelling, { timeout: 30_000 }).toBe(false);
  };

  test('that has been cancelled is so however long it takes to see that nothing is left', async () => {
    const batch = await made([ball, ball]);
    await asked(`${batch.url}/cancel`);
    const { records } = application.parts;
    let see = (_left: number): void => {};
    const seen = new Promise<number>((resolve) => (see = resolve));
    const batches: BatchRecords = { ...records.batches, goOnCancelling: async () => await seen };
    const app = await application.rebuild({ records: { ...records, batches } });
    const again = await app.inject({ method: 'POST', url: `${batch.url}/cancel` });
    expect(again.statusCode).toBe(200);
    expect(again.json()).toMatchObject({ counts: { cancelled: 2 } });
    see(0);
  });

  test('that has been cancelled is not drawn again, and not waited for, while it takes long to see that nothing is left', async () => {
    const batch = await made([ball, ball]);
    await asked(`${batch.url}/cancel`);
    await application.query(`update armature.batch set cancelling_since = now() where id = '${batch.id}'`);
    const { records } = application.parts;
    let see = (_left: number): void => {};
    const seen = new Promise<number>((resolve) => (see = resolve));
    const batches: BatchRecords = { ...records.batches, goOnCancelling: async () => await seen };
    const app = await application.rebuild({ records: { ...records, batches } });
    const again = await app.inject({ method: 'POST', url: `${batch.url}/retry` });
    expect(again.json()).toMatchObject({ status: 409, code: 'conflict' });
    see(0);
  });

  test('that has been cancelled is drawn again at once, before anybody has seen that nothing is left', async () => {
    const batch = await made([ball, ball]);
    await asked(`${batch.url}/cancel`);
    await application.query(`update armature.batch set cancelling_since = now() where id = '${batch.id}'`);
    const again = await application.app.inject({ method: 'POST', url: `${batch.url}/retry` });
    expect([200, 202]).toContain(again.statusCode);
    await expect
      .poll(async () => (await application.parts.records.batches.find('default', batch.id))?.counts, {
        timeout: 30_000,
      })
      .toMatchObject({ queued: 2, cancelled: 0 });
  });

  test('is followed, cancelled, drawn again and deleted', async () => {
    const batch = await made([ball, ball, ball]);
    const [first, second] = await itemsOf(batch);
    await finishJob(application, first!);
    const { records } = application.parts;
    const { attempt } = (await records.startAttempt('default', second!.id))!;
    await records.failAttempt(second!.id, attempt, { code: 'device_lost', detail: 'gone' });
    expect((await get(batch.url)).json()).toMatchObject({ status: 'running', progress: 2 / 3 });
    expect((await get(`${batch.url}/items?status=failed`)).json()).toMatchObject({ data: [{ id: second!.id }] });

    expect((await application.app.inject({ method: 'DELETE', url: batch.url })).json()).toMatchObject({
      code: 'conflict',
    });
    await asked(`${batch.url}/cancel`);
    expect((await get(batch.url)).json()).toMatchObject({
      status: 'failed',
      progress: 1,
      counts: { cancelled: 1, failed: 1, succeeded: 1 },
    });
    await asked(`${batch.url}/retry`);
    await expect
      .poll(async () => (await get(batch.url)).json<BatchView>(), { timeout: 30_000 })
      .toMatchObject({ status: 'running', counts: { queued: 2, succeeded: 1 } });

    await asked(`${batch.url}/cancel`);
    expect((await get(first!.url + '/outputs/0')).statusCode).toBe(200);
    const deleted = await application.app.inject({ method: 'DELETE', url: batch.url });
    expect([202, 204]).toContain(deleted.statusCode);
    expect((await get(batch.url)).statusCode).toBe(404);
    expect((await get(first!.url)).statusCode).toBe(404);
    expect((await get(first!.url + '/outputs/0')).statusCode).toBe(404);
  });

  test('tells its progress and its end as events', async () => {
    const batch = await made([ball]);
    const [item] = await itemsOf(batch);
    const events = get(batch.events_url);
    await finishJob(application, item!);
    const text = (await events).body;
    expect(text).toMatch(/^: open\n\nretry: 2000\n(id: ended\n)?event: (progress|ended)\ndata: \{/);
    expect(text).toMatch(/id: ended\nevent: ended\ndata: .*"status":"succeeded".*\n\n$/);
    const again = { url: batch.events_url, headers: { 'last-event-id': 'ended' } };
    expect((await application.app.inject(again)).statusCode).toBe(204);
  });

  test('leads from page to page', async () => {
    const batch = await made([ball, ball, ball]);
    const page = batchItemsSchema.parse((await get(`${batch.items_url}?limit=2`)).json());
    expect(page.data.map((item) => item.batch?.index)).toEqual([0, 1]);
    const next = batchItemsSchema.parse((await get(`${batch.items_url}?limit=2&cursor=${page.next_cursor}`)).json());
    expect(next.data.map((item) => item.batch?.index)).toEqual([2]);
    expect(next.next_cursor).toBeNull();
    const list = (await get('/v1/batches?limit=1')).json<{ data: BatchView[]; next_cursor: string }>();
    expect(list).toMatchObject({ data: [{ id: batch.id }], next_cursor: batch.id });
  });

  test('of another tenant does not exist', async () => {
    const { records } = application.parts;
    const { plan } = (await records.listJobs('default', { limit: 1 }))[0]!;
    const other = { id: newBatchId(), tenant: 'other', name: null, metadata: null, axes: null };
    await records.batches.insert(other, [{ id: newJobId(), plan, warnings: [], metadata: null, priority: 3 }]);
    const url = `/v1/batches/${other.id}`;
    for (const path of ['', '/items', '/results', '/sheet', '/events']) {
      expect((await get(url + path)).statusCode, path).toBe(404);
    }
    for (const action of ['cancel', 'retry']) {
      expect((await application.app.inject({ method: 'POST', url: `${url}/${action}` })).statusCode).toBe(404);
    }
    expect((await application.app.inject({ method: 'DELETE', url })).statusCode).toBe(404);
  });
});

describe('the results of a batch', () => {
  let batch: BatchView;
  beforeAll(async () => {
    batch = await made({ template: ball, matrix: { seed: [1, 2], steps: [3, 4] } });
    const items = await itemsOf(batch);
    for (const item of items.slice(0, 3)) await finishJob(application, item);
  });

  test('are JSON Lines', async () => {
    const response = await get(batch.results_url);
    expect(response.headers['content-type']).toBe('application/jsonl; charset=utf-8');
    const lines = response.body.trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as { index: number; status: string; job: JobView });
    expect(parsed.map(({ index, status }) => [index, status])).toEqual([
      [0, 'succeeded'],
      [1, 'succeeded'],
      [2, 'succeeded'],
      [3, 'queued'],
    ]);
    expect((await get(parsed[0]!.job.outputs[0]!.url)).statusCode).toBe(200);
  });

  test('are a zip archive of the pictures and the lines', async () => {
    const response = await get(batch.results_url, { accept: 'application/zip' });
    expect(response.headers['content-disposition']).toBe(`attachment; filename="${batch.id}.zip"`);
    const files = await unzip(response.rawPayload);
    expect([...files.keys()]).toEqual(['00000.png', '00001.png', '00002.png', 'manifest.jsonl']);
    const [first] = await itemsOf(batch);
    expect(files.get('00000.png')).toEqual((await get(first!.outputs[0]!.url)).rawPayload);
    expect(files.get('manifest.jsonl')!.toString()).toBe((await get(batch.results_url)).body);
  });

  test('are a sheet with the values of the matrix', async () => {
    const response = await get(batch.sheet_url);
    expect(response.headers['content-type']).toBe('image/png');
    const { data, info } = await sharp(response.rawPayload).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const isPicture = (at: number): boolean => data[at]! > 150 && data[at + 1]! < 100 && data[at + 2]! < 60;
    const reds = Array.from({ length: info.width * info.height }, (_, pixel) => pixel).filter((pixel) =>
      isPicture(pixel * 3),
    );
    // Three of four cells show the picture of one colour, of 32 x 32 pixels.
    expect(reds).toHaveLength(3 * 32 * 32);
    expect(reds.some((pixel) => pixel % info.width < 40)).toBe(false);
    const asWebp = await get(batch.sheet_url, { accept: 'image/webp' });
    expect((await sharp(asWebp.rawPayload).metadata()).format).toBe('webp');
  });

  test('are given in no other form', async () => {
    expect((await get(batch.results_url, { accept: 'text/html' })).json()).toMatchObject({ code: 'not_acceptable' });
    expect((await get(batch.sheet_url, { accept: 'application/json' })).json()).toMatchObject({
      code: 'not_acceptable',
    });
  });
});

async function unzip(bytes: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const archive = await yauzl.fromBufferPromise(bytes);
  const files = new Map<string, Buffer>();
  for await (const entry of archive.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    files.set(entry.fileName, Buffer.concat(chunks));
  }
  return files;
}
