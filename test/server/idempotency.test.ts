import { createHash, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { readIdempotencyKey } from '../../src/server/submissions/idempotency.ts';
import { canonicalHash } from '../../src/json/canonical-hash.ts';
import { keyLifetime } from '../../src/records/jobs/idempotency.ts';
import { localServer } from '../fetch/local-server.ts';
import { type Application, finishJob, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
let picture: Buffer;

beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile();
});
afterAll(async () => await application.close());

async function post(payload: unknown, headers: Record<string, string>, url = '/v1/generations') {
  return await application.app.inject({ method: 'POST', url, payload: payload as object, headers });
}

async function postForm(parts: Parameters<typeof multipart>[0], key: string, url = '/v1/generations') {
  const { payload, headers } = await multipart(parts);
  return await application.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { ...headers, 'idempotency-key': key },
  });
}

async function jobs(): Promise<number> {
  return (await application.parts.records.listJobs('default', { limit: 1000 })).length;
}

describe('a request that comes again with its Idempotency-Key', () => {
  test('gets the first answer again, and makes no second job', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post({ prompt: 'x' }, headers);
    const made = await jobs();
    const second = await post({ prompt: 'x' }, headers);
    expect([first.statusCode, second.statusCode]).toEqual([202, 202]);
    expect(second.json<JobView>().id).toBe(first.json<JobView>().id);
    expect(second.headers.location).toBe(first.headers.location);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(await jobs()).toBe(made);
  });

  test('gets the same status also when the job has ended meanwhile, with its new state', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { id } = (await post({ prompt: 'x' }, headers)).json<JobView>();
    await finishJob(application, { id });
    const again = await post({ prompt: 'x' }, headers);
    expect([again.statusCode, again.json<JobView>().status]).toEqual([202, 'succeeded']);
  });

  test('waits for the job again, and gets the picture as the first would have', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { id } = (await post({ prompt: 'x' }, headers)).json<JobView>();
    const waiting = post({ prompt: 'x' }, { ...headers, prefer: 'wait=30', accept: 'image/png' });
    await finishJob(application, { id });
    const answer = await waiting;
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ 'content-type': 'image/png', 'idempotency-replayed': 'true' });
  });

  test('is known however its body is written', async () => {
    const key = randomUUID();
    const first = await post('{"prompt": "x", "steps": 4}', {
      'idempotency-key': key,
      'content-type': 'application/json',
    });
    const spaced = await post('{ "steps":4.0,\n"prompt":"x" }', {
      'idempotency-key': `"${key}"`,
      'content-type': 'application/json',
    });
    const form = await postForm({ prompt: 'x', steps: '4' }, key);
    expect([first.statusCode, spaced.statusCode, form.statusCode]).toEqual([202, 202, 202]);
    const ids = [first, spaced, form].map((answer) => answer.json<JobView>().id);
    expect(new Set(ids).size).toBe(1);
  });

  test('is known in a form, whatever its boundary and the order of its parts', async () => {
    const key = randomUUID();
    const first = await postForm({ prompt: 'x', canny: picture }, key);
    const second = await postForm({ canny: picture, prompt: 'x' }, key);
    expect(second.json<JobView>().id).toBe(first.json<JobView>().id);
    const other = await postForm({ prompt: 'x', canny: await pictureFile('jpeg') }, key);
    expect([other.statusCode, other.json<{ code: string }>().code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('is another one with another body, or another format of the picture', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await post({ prompt: 'x' }, headers);
    const other = await post({ prompt: 'y' }, headers);
    expect(other.statusCode).toBe(422);
    expect(other.json()).toMatchObject({ code: 'idempotency_mismatch', field: 'Idempotency-Key' });
    const png = { ...headers, prefer: 'wait=1', accept: 'image/png' };
    expect((await post({ prompt: 'x' }, png)).statusCode).toBe(202);
    expect((await post({ prompt: 'x' }, { ...png, accept: 'image/webp' })).statusCode).toBe(422);
  });

  test('is another one on another route', async () => {
    const key = randomUUID();
    const answers = [
      await postForm({ image: picture }, key, '/v1/conditions/canny'),
      await postForm({ image: picture }, key, '/v1/conditions/softedge'),
      await postForm({ file: picture }, key, '/v1/uploads'),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 201]);
    expect(answers.map(({ headers }) => headers['idempotency-replayed'])).toEqual([undefined, undefined, undefined]);
  });

  test('is refused while the first is being looked at', async () => {
    const held: ServerResponse[] = [];
    const server = await localServer((_request, response) => held.push(response));
    const fetcher = createFetcher({ allow: [server.host] });
    const [first, second] = [await application.rebuild({ fetcher }), await application.rebuild({ fetcher })];
    const headers = { 'idempotency-key': randomUUID() };
    const payload = { prompt: 'x', controls: [{ type: 'canny', image: { url: `${server.origin}/a.png` } }] };
    const send = async (app: FastifyInstance) =>
      await app.inject({ method: 'POST', url: '/v1/generations', payload, headers });
    const early = send(first);
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    const late = await send(second);
    expect(late.statusCode).toBe(409);
    expect(late.json()).toMatchObject({ code: 'idempotency_in_progress' });
    expect(late.headers['retry-after']).toBe('1');
    held[0]!.end(picture);
    expect((await early).statusCode).toBe(202);
    const later = await send(second);
    expect(later.headers['idempotency-replayed']).toBe('true');
    expect(later.json<JobView>().id).toBe((await early).json<JobView>().id);
  });

  test('may be corrected where the first was refused', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    expect((await post({ prompt: 'x', steps: 0 }, headers)).statusCode).toBe(400);
    expect((await post({ prompt: 'x', model: 'nowhere' }, headers)).statusCode).toBe(400);
    expect((await post({ prompt: 'x', steps: 3 }, headers)).statusCode).toBe(202);
  });

  test('is told that the job is gone', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { id, url } = (await post({ prompt: 'x' }, headers)).json<JobView>();
    await finishJob(application, { id });
    await application.app.inject({ method: 'DELETE', url });
    const again = await post({ prompt: 'x' }, headers);
    expect([again.statusCode, again.json<{ field: string }>().field]).toEqual([404, 'Idempotency-Key']);
  });

  test('is refused as a picture where the job has several', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await post({ prompt: 'x', count: 2 }, headers);
    const again = await post({ prompt: 'x', count: 2 }, { ...headers, prefer: 'wait=1', accept: 'image/png' });
    expect([again.statusCode, again.json<{ field: string }>().field]).toEqual([400, 'count']);
  });

  test('is a new one a day later', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post({ prompt: 'x' }, headers);
    application.passTime(keyLifetime);
    const second = await post({ prompt: 'y' }, headers);
    expect(second.statusCode).toBe(202);
    expect(second.json<JobView>().id).not.toBe(first.json<JobView>().id);
  });
});

describe('POST /v1/uploads with an Idempotency-Key', () => {
  test('answers again with the same upload, and refuses another picture', async () => {
    const key = randomUUID();
    const first = await postForm({ file: picture }, key, '/v1/uploads');
    const again = await postForm({ photo: picture }, key, '/v1/uploads');
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    expect(again.headers).toMatchObject({ location: first.headers.location, 'idempotency-replayed': 'true' });
    const other = await postForm({ file: await pictureFile('jpeg') }, key, '/v1/uploads');
    expect(other.statusCode).toBe(422);
  });
});

test.each([
  ['abc', 'abc'],
  [' abc ', 'abc'],
  ['"abc"', 'abc'],
  ['"a \\"b\\" \\\\"', 'a "b" \\'],
  [undefined, null],
])('the header %j is the key %j', (header, key) => {
  expect(readIdempotencyKey(header)).toBe(key);
});

test.each(['', '""', '\u00e9', 'a\tb', 'k'.repeat(256), ['a', 'b']])('the header %j is no key', (header) => {
  expect(() => readIdempotencyKey(header)).toThrow('printable');
});

test('equal JSON has one canonical text, however deep it is', async () => {
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  const value = { b: [1, { d: null, c: 'é' }], a: 1.5e3 };
  expect(await canonicalHash(value)).toBe(hashOf('{"a":1500,"b":[1,{"c":"é","d":null}]}'));
  for (const depth of [2048, 1_000_000]) {
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    expect(await canonicalHash(JSON.parse(nested))).toBe(hashOf(nested));
  }
});
