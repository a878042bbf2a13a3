import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { eraseTenant } from '../../src/retention/erase-tenant.ts';
import { defaultServerLimits, type ServerLimits } from '../../src/server/parts/limits.ts';
import { writeObjectsToFile } from '../../src/store/write-file.ts';
import { ArmatureError } from '../../src/errors.ts';
import { readTrainingSet } from '../../src/training/data/read-set.ts';
import { hostileLimits, hostileSets } from '../training/data/hostile-sets.ts';
import { parts, rules } from '../training/data/twelve-pairs.ts';
import { longestHold } from '../support/longest-hold.ts';
import { tarEntry } from '../training/data/pack.ts';
import { type Application, openApplication } from './application.ts';

interface SetAnswer {
  readonly id: string;
  readonly received: number;
  readonly whole: boolean;
  readonly bytes: number | null;
  readonly content_type: string | null;
  readonly name: string | null;
  readonly code?: string;
  readonly detail?: string;
}

const piece = 64 * 1024;
/** A tar of about three pieces and a half. */
const archive = Buffer.concat([tarEntry('a.bin', randomBytes(3.5 * piece)), Buffer.alloc(1024)]);
const json = { 'content-type': 'application/json' };

let application: Application;
let base: string;
let folder: string;
const small = { setPieceBytes: piece, setBytes: 2 ** 20, setQuotaBytes: 3 * 2 ** 20, unfinishedSets: 20 };

beforeAll(async () => {
  application = await openApplication();
  folder = await mkdtemp(join(tmpdir(), 'armature-sets-'));
  base = await listening({});
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await application.close();
});

let tenants = 0;
async function newKey(tenant = `tenant-${(tenants += 1)}`): Promise<Record<string, string>> {
  const { text } = await issueKey(application.parts.records.keys, keyRequest.parse({ name: 'test', tenant }));
  return { authorization: `Bearer ${text}` };
}

async function listening(limits: Partial<ServerLimits>): Promise<string> {
  const { settings } = application.parts;
  const app = await application.rebuild({
    settings: { ...settings, limits: { ...settings.limits, ...small, ...limits } },
  });
  return await app.listen({ host: '127.0.0.1', port: 0 });
}

type Key = Readonly<Record<string, string>>;

async function create(key: Key, body: object = {}, at = base): Promise<{ status: number; set: SetAnswer }> {
  const init = { method: 'POST', headers: { ...json, ...key }, body: JSON.stringify(body) };
  const response = await fetch(`${at}/v1/uploads?kind=set`, init);
  return { status: response.status, set: (await response.json()) as SetAnswer };
}

interface Put {
  readonly status: number;
  readonly offset: string | null;
  readonly set: SetAnswer;
}

async function put(key: Key, id: string, body: Uint8Array, range?: string, at = base): Promise<Put> {
  const headers = { ...key, ...(range === undefined ? {} : { 'content-range': range }) };
  const response = await fetch(`${at}/v1/uploads/${id}`, { method: 'PUT', headers, body: new Uint8Array(body) });
  const offset = response.headers.get('upload-offset');
  return { status: response.status, offset, set: (await response.json()) as SetAnswer };
}

async function get(key: Key, path: string): Promise<Response> {
  return await fetch(base + path, { headers: key });
}

const known = async (key: Key, id: string): Promise<SetAnswer> =>
  (await (await get(key, `/v1/uploads/${id}`)).json()) as SetAnswer;

/** The bytes of a set as a training gets them. */
async function stored(tenant: string, id: string): Promise<Buffer> {
  const path = join(folder, id);
  const { records, store } = application.parts;
  await writeObjectsToFile(store, await records.sets.parts(tenant, id), path, new AbortController().signal);
  return await readFile(path);
}

async function objects(id: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of application.parts.store.list('tenants/')) if (key.includes(id)) keys.push(key);
  return keys;
}

/** A connection on which a PUT was begun, and all that comes back. */
async function half(
  key: Key,
  id: string,
  head: string,
  at = base,
): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { port } = new URL(at);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (data: string) => (text += data));
  socket.on('error', () => {});
  const answer = once(socket, 'close').then(() => text);
  socket.write(
    `PUT /v1/uploads/${id} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${key['authorization']}\r\n${head}\r\n\r\n`,
  );
  return { socket, answer };
}

const rangeOf = (from: number, to: number, total: number | '*' = archive.length): string =>
  `bytes ${from}-${to - 1}/${total}`;

describe('a training set', () => {
  test('comes in one go, is there for its tenant alone, and leaves nothing when it is deleted', async () => {
    const [key, other] = [await newKey('one_go'), await newKey()];
    const { status, set } = await create(key, { name: 'cats' });
    expect([status, set]).toMatchObject([
      201,
      { name: 'cats', received: 0, whole: false, bytes: null, content_type: null },
    ]);
    const sent = await put(key, set.id, archive);
    expect(sent).toMatchObject({ status: 200, offset: String(archive.length), set: { whole: true } });
    expect(await known(key, set.id)).toEqual(sent.set);
    expect(sent.set).toMatchObject({ bytes: archive.length, content_type: 'application/x-tar' });
    expect((await stored('one_go', set.id)).equals(archive)).toBe(true);
    expect(await objects(set.id)).toHaveLength(4);
    const listed = (await (await get(key, '/v1/uploads?kind=set')).json()) as { data: readonly SetAnswer[] };
    expect(listed.data.map(({ id }) => id)).toEqual([set.id]);

    expect((await get(other, `/v1/uploads/${set.id}`)).status).toBe(404);
    expect((await put(other, set.id, archive)).status).toBe(404);
    const remove = async (by: Key): Promise<number> =>
      (await fetch(`${base}/v1/uploads/${set.id}`, { method: 'DELETE', headers: by })).status;
    expect(await remove(other)).toBe(404);
    expect(await remove(key)).toBe(204);
    expect((await get(key, `/v1/uploads/${set.id}`)).status).toBe(404);
    expect(await objects(set.id)).toEqual([]);
  });

  test('comes in pieces of any length, each from where the last one ended', async () => {
    const key = await newKey('pieces');
    const { set } = await create(key, { size: archive.length });
    const ends = [5, 600, piece, piece + 1, 3 * piece - 7, archive.length];
    let from = 0;
    for (const to of ends) {
      const sent = await put(
        key,
        set.id,
        archive.subarray(from, to),
        rangeOf(from, to, to % 2 === 0 ? '*' : archive.length),
      );
      expect(sent).toMatchObject({
        status: 200,
        offset: String(to),
        set: { received: to, whole: to === archive.length },
      });
      from = to;
    }
    expect((await stored('pieces', set.id)).equals(archive)).toBe(true);
    // What a fuller object replaced is gone.
    expect(await objects(set.id)).toHaveLength(4);
    // The last request, sent again because its answer was lost.
    const again = await put(key, set.id, archive.subarray(3 * piece), rangeOf(3 * piece, archive.length));
    expect(again).toMatchObject({ status: 200, set: { whole: true } });
  });

  test('of no known size ends where its sender says so', async () => {
    const key = await newKey('unknown_size');
    const { set } = await create(key);
    await put(key, set.id, archive, rangeOf(0, archive.length, '*'));
    expect(await known(key, set.id)).toMatchObject({ received: archive.length, whole: false, bytes: null });
    const ended = await put(key, set.id, Buffer.alloc(0), `bytes */${archive.length}`);
    expect(ended).toMatchObject({ status: 200, set: { whole: true, bytes: archive.length } });
  });

  test('passes over what is there, and takes nothing that would leave a gap or changes its size', async () => {
    const key = await newKey('ranges');
    const { set } = await create(key, { size: archive.length });
    await put(key, set.id, archive.subarray(0, 1000), rangeOf(0, 1000));
    const gap = await put(key, set.id, archive.subarray(1001, 2000), rangeOf(1001, 2000));
    expect(gap).toMatchObject({ status: 409, offset: '1000', set: { code: 'conflict' } });
    expect(gap.set.detail).toContain('go on at 1000');
    const other = await put(key, set.id, archive.subarray(1000, 2000), rangeOf(1000, 2000, archive.length + 1));
    expect(other).toMatchObject({ status: 409, offset: '1000' });
    for (const range of ['bytes 5-2/9', 'bytes 0-9/9', 'bytes */*', 'items 0-1/2', 'bytes 0-0x9/20', 'bytes=0-9/20'])
      expect((await put(key, set.id, Buffer.alloc(10), range)).set, range).toMatchObject({ code: 'invalid_request' });
    expect((await put(key, set.id, Buffer.alloc(9), rangeOf(1000, 1010))).status).toBe(400);
    const overlap = await put(key, set.id, archive.subarray(200), rangeOf(200, archive.length));
    expect(overlap).toMatchObject({ status: 200, set: { whole: true } });
    expect((await stored('ranges', set.id)).equals(archive)).toBe(true);
  });

  test('keeps what came before a connection broke', async () => {
    const key = await newKey('broken');
    const { set } = await create(key);
    const { socket } = await half(key, set.id, `Content-Length: ${archive.length}`);
    const cut = piece + 12_345;
    socket.write(archive.subarray(0, cut), () => socket.end());
    await expect.poll(async () => (await known(key, set.id)).received, { timeout: 20_000 }).toBe(cut);
    expect(await known(key, set.id)).toMatchObject({ bytes: archive.length, whole: false });
    const rest = await put(key, set.id, archive.subarray(cut), rangeOf(cut, archive.length));
    expect(rest.set.whole).toBe(true);
    expect((await stored('broken', set.id)).equals(archive)).toBe(true);
  });

  test('has one sender at a time: the former gets 409 when another one goes on', async () => {
    const key = await newKey('two');
    const { set } = await create(key, { size: archive.length });
    const former = await half(key, set.id, `Content-Length: ${archive.length}\r\nConnection: close`);
    former.socket.write(Buffer.concat([archive.subarray(0, piece), Buffer.alloc(5)]));
    await expect.poll(async () => (await known(key, set.id)).received, { timeout: 20_000 }).toBe(piece);
    expect((await put(key, set.id, archive.subarray(piece), rangeOf(piece, archive.length))).set.whole).toBe(true);
    former.socket.write(Buffer.alloc(archive.length - piece - 5));
    expect(await former.answer).toContain('"code":"conflict"');
    expect((await stored('two', set.id)).equals(archive)).toBe(true);
    expect(await objects(set.id)).toHaveLength(4);
  });

  test('is looked at by its first bytes', async () => {
    const key = await newKey();
    for (const [bytes, says] of [
      [Buffer.concat([Buffer.from('\x1f\x8b\x08', 'latin1'), randomBytes(900)]), 'compressed with gzip'],
      [Buffer.from('%PDF-1.7'.padEnd(600)), 'a PDF document'],
      [Buffer.from('no archive at all'), 'plain text'],
    ] as const) {
      const { set } = await create(key);
      const refused = await put(key, set.id, bytes);
      expect([refused.status, refused.set.code]).toEqual([415, 'unsupported_media_type']);
      expect(refused.set.detail).toContain(says);
      expect(await objects(set.id)).toEqual([]);
    }
    const { set } = await create(key, { size: 700 });
    expect((await put(key, set.id, Buffer.alloc(3, 1), rangeOf(0, 3, 700))).status).toBe(200);
    expect((await put(key, set.id, Buffer.alloc(697, 1), rangeOf(3, 700, 700))).status).toBe(415);
    expect(await known(key, set.id)).toMatchObject({ received: 3, whole: false });
    const nothing = (await create(key)).set;
    expect((await put(key, nothing.id, Buffer.alloc(0))).status).toBe(400);
    expect((await put(key, nothing.id, Buffer.alloc(0), 'bytes */0')).status).toBe(400);
    await put(key, nothing.id, Buffer.alloc(3, 1), rangeOf(0, 3, '*'));
    expect((await put(key, nothing.id, Buffer.alloc(0), 'bytes */3')).status).toBe(415);
    expect((await known(key, nothing.id)).whole).toBe(false);
  });

  test('is not longer than it may be, nor than was said', async () => {
    const key = await newKey('limits');
    expect((await create(key, { size: 2 ** 20 + 1 })).set).toMatchObject({ code: 'payload_too_large' });
    const { set } = await create(key);
    expect((await put(key, set.id, Buffer.alloc(2 ** 20 + 1))).status).toBe(413);
    const said = (await create(key, { size: 10 })).set;
    expect((await put(key, said.id, archive.subarray(0, 11), 'bytes 0-10/*')).status).toBe(409);
    for (let count = 0; count < 2; count += 1) expect((await create(key, { size: 2 ** 20 })).status).toBe(201);
    expect((await create(key, { size: 2 ** 20 })).set).toMatchObject({ code: 'quota_exceeded' });
    // What is not announced counts as it comes.
    const much = await put(key, set.id, Buffer.alloc(2 ** 20 - 9), `bytes 0-${2 ** 20 - 10}/*`);
    expect(much).toMatchObject({ status: 429, set: { code: 'quota_exceeded' } });
    const { received } = await known(key, set.id);
    expect(received).toBe(2 ** 20 - piece);
    expect(much.offset).toBe(String(received));
    await eraseTenant({ ...application.parts, removeTicket: async () => {} }, 'limits');
    expect(await objects(set.id)).toEqual([]);
  });

  test('has only so many beside it that are not whole', async () => {
    const key = await newKey();
    const at = await listening({ unfinishedSets: 2 });
    for (let count = 0; count < 2; count += 1) expect((await create(key, {}, at)).status).toBe(201);
    expect((await create(key, {}, at)).set).toMatchObject({ code: 'quota_exceeded' });
  });

  test('finds no place where as many are on their way as may be', async () => {
    const key = await newKey();
    const at = await listening({ setWriters: 9, setWritersPerTenant: 1 });
    const { set } = await create(key);
    const { socket } = await half(key, set.id, `Content-Length: ${archive.length}`, at);
    socket.write(archive.subarray(0, piece));
    await expect.poll(async () => (await known(key, set.id)).received, { timeout: 20_000 }).toBe(piece);
    expect((await put(key, set.id, archive, undefined, at)).status).toBe(429);
    socket.destroy();
  });

  test('may take longer than other requests, but not stand still', async () => {
    const key = await newKey();
    const at = await listening({ requestMs: 150, headersMs: 100, bodyPatienceMs: 600, bodyRate: 100 });
    const { set } = await create(key);
    const { socket, answer } = await half(key, set.id, `Content-Length: ${archive.length}`, at);
    let sent = 0;
    const steadily = setInterval(() => {
      if (sent < 8000) socket.write(archive.subarray(sent, (sent += 400)));
    }, 50);
    expect(await answer).toContain('"code":"request_timeout"');
    clearInterval(steadily);
    // It took twenty times 50 ms to come.
    expect(sent).toBe(8000);
    await expect.poll(async () => (await known(key, set.id)).received, { timeout: 20_000 }).toBe(8000);
  });

  test('is asked for with 100 Continue once it is clear that it is taken', async () => {
    const key = await newKey();
    const { set } = await create(key, { size: archive.length });
    const head = (range: string): string => `Content-Length: 600\r\n${range}\r\nExpect: 100-continue`;
    const refused = await half(key, set.id, head(`Content-Range: ${rangeOf(50, 650)}`));
    const text = await refused.answer;
    expect(text).toMatch(/^HTTP\/1\.1 409 /);
    expect(text.toLowerCase()).toContain('upload-offset: 0');
    const taken = await half(key, set.id, head(`Content-Range: ${rangeOf(0, 600)}`));
    await expect.poll(() => taken.socket.bytesRead, { timeout: 20_000 }).toBeGreaterThan(0);
    expect((await known(key, set.id)).received).toBe(0);
    taken.socket.write(archive.subarray(0, 600));
    await expect.poll(async () => (await known(key, set.id)).received, { timeout: 20_000 }).toBe(600);
    taken.socket.destroy();
    expect(await taken.answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    const without = await half(
      { authorization: 'Bearer arm_nobody' },
      set.id,
      head(`Content-Range: ${rangeOf(0, 600)}`),
    );
    expect(await without.answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('holds the event loop for a moment at most', async () => {
    const key = await newKey();
    const at = await listening({
      setPieceBytes: defaultServerLimits.setPieceBytes,
      setBytes: 2 ** 26,
      setQuotaBytes: 2 ** 27,
    });
    const { set } = await create(key, {}, at);
    const pieces = 384;
    const { socket, answer } = await half(key, set.id, `Content-Length: ${pieces * piece}\r\nConnection: close`, at);
    const held = await longestHold(async () => {
      for (let count = 0; count < pieces; count += 1) {
        if (!socket.write(archive.subarray(0, piece))) await once(socket, 'drain');
      }
      expect(await answer).toContain('"whole":true');
    });
    expect(held).toBeLessThan(100);
  });
});

describe('making a set', () => {
  test('answers a request that comes again with the same one', async () => {
    const key = { ...(await newKey()), 'idempotency-key': 'the-set' };
    const [first, again] = [await create(key, { size: 5 }), await create(key, { size: 5 })];
    expect([first.status, again.status, again.set.id]).toEqual([201, 201, first.set.id]);
    expect((await create(key, { size: 6 })).status).toBe(422);
  });

  test('takes no other fields, and no picture', async () => {
    const key = await newKey();
    expect((await create(key, { sise: 5 })).set).toMatchObject({ code: 'invalid_request' });
    const headers = { ...key, 'content-type': 'image/png' };
    const picture = await fetch(`${base}/v1/uploads?kind=set`, { method: 'POST', headers, body: 'x' });
    expect(picture.status).toBe(415);
    const kind = await fetch(`${base}/v1/uploads?kind=film`, { method: 'POST', headers, body: 'x' });
    expect(((await kind.json()) as SetAnswer).code).toBe('invalid_request');
    expect((await create(key)).status).toBe(201);
    const bare = await fetch(`${base}/v1/uploads?kind=set`, { method: 'POST', headers: key });
    expect(bare.status).toBe(201);
    expect(bare.headers.get('location')).toBe(`/v1/uploads/${((await bare.json()) as SetAnswer).id}`);
  });
});

test('sets that are broken or mean harm are kept as they are or refused, and the server goes on', async () => {
  const key = await newKey('hostile');
  const read = new Set(['invalid_set']);
  const hostile = (await hostileSets()).filter((_, index) => index % 8 === 0);
  const wrong: string[] = [];
  for (const { name, bytes, says } of hostile) {
    const { set } = await create(key, { name });
    const sent = await put(key, set.id, bytes);
    if (sent.status === 200) {
      const path = join(folder, 'set');
      const { records, store } = application.parts;
      await writeObjectsToFile(store, await records.sets.parts('hostile', set.id), path, new AbortController().signal);
      if (!(await readFile(path)).equals(bytes)) wrong.push(`${name}: other bytes`);
      const error = await readTrainingSet({ path }, { ...rules, limits: hostileLimits }, parts()).then(
        async (found) => await found.close(),
        (reason: unknown) => reason,
      );
      const isRight = error === undefined ? says === null : error instanceof ArmatureError && read.has(error.code);
      if (!isRight) wrong.push(`${name}: ${String(error)}`);
      await rm(path);
    } else if (![400, 413, 415].includes(sent.status)) wrong.push(`${name}: ${sent.status} ${sent.set.detail}`);
    await fetch(`${base}/v1/uploads/${set.id}`, { method: 'DELETE', headers: key });
    if ((await objects(set.id)).length > 0) wrong.push(`${name}: something is left`);
  }
  expect(wrong).toEqual([]);
  expect(hostile.length).toBeGreaterThan(60);
  const { set } = await create(key);
  expect((await put(key, set.id, archive)).set.whole).toBe(true);
});
