import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { BodyBudget } from '../../src/server/access/body-budget.ts';
import type { LoadLimits, ServerLimits } from '../../src/server/parts/limits.ts';
import { type Application, openApplication } from './application.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

let tenants = 0;
async function newKey(): Promise<string> {
  const request = keyRequest.parse({ name: 'test', tenant: `tenant-${(tenants += 1)}` });
  return `Bearer ${(await issueKey(application.parts.records.keys, request)).text}`;
}

/** A server that listens, with other limits; its port. */
async function listening(limits: Partial<ServerLimits>, load: Partial<LoadLimits> = {}): Promise<number> {
  const { settings } = application.parts;
  const app = await application.rebuild({
    settings: {
      ...settings,
      limits: { ...settings.limits, ...limits },
      load: { ...settings.load, ...load },
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

interface Client {
  readonly socket: Socket;
  /** All that the server has said when it hangs up. */
  readonly end: Promise<string>;
}

/** Sends the head of a JSON submission whose body of `length` bytes is still to come. */
async function open(port: number, key: string, length: number, path = '/v1/generations'): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const end = once(socket, 'close').then(() => text);
  socket.on('error', () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
  );
  return { socket, end };
}

async function submit(port: number, key: string): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}/v1/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: key },
    body: JSON.stringify({ prompt: 'x' }),
  });
}

describe('clients that announce much and send nothing', () => {
  test('take nothing away from others, and are let go with 408', async () => {
    const key = await newKey();
    const port = await listening({ bodyPatienceMs: 300 }, { bodyMemory: 64 * 2 ** 20 });
    const silent = await Promise.all(Array.from({ length: 12 }, async () => await open(port, key, 40 * 2 ** 20)));
    expect((await submit(port, key)).status).toBe(202);
    expect((await submit(port, await newKey())).status).toBe(202);
    for (const { end } of silent) {
      const answer = await end;
      expect(answer).toContain('HTTP/1.1 408');
      expect(answer).toContain('"code":"request_timeout"');
      expect(answer.toLowerCase()).toContain('connection: close');
    }
  });

  test('are let go also where they trickle, on uploads and batches too', async () => {
    const key = await newKey();
    const port = await listening({ bodyPatienceMs: 300, bodyRate: 1000 });
    for (const path of ['/v1/generations', '/v1/uploads', '/v1/batches']) {
      const { socket, end } = await open(port, key, 1000, path);
      const trickle = setInterval(() => socket.write(' '), 20);
      expect(await end).toContain('HTTP/1.1 408');
      clearInterval(trickle);
    }
  });

  test('are not those that send as fast as they should', async () => {
    const key = await newKey();
    const port = await listening({ bodyPatienceMs: 200, bodyRate: 100 });
    const body = JSON.stringify({ prompt: 'x'.repeat(400) });
    const { socket, end } = await open(port, key, body.length);
    let at = 0;
    const steadily = setInterval(() => socket.write(body.slice(at, (at += 40))), 60);
    await expect.poll(() => socket.bytesRead, { timeout: 20_000 }).toBeGreaterThan(0);
    clearInterval(steadily);
    socket.end();
    expect(await end).toContain('HTTP/1.1 202');
  });
});

describe('clients that are answered before their body is there', () => {
  test.each([
    ['without a key that is good', 'Bearer no-key-of-this-server', '/v1/generations', 401],
    ['where nothing is', 'Bearer no-key-of-this-server', '/v1/nothing', 404],
    ['by a method that is not there', 'Bearer no-key-of-this-server', '/livez', 405],
    ['at an address that is none', 'Bearer no-key-of-this-server', '/%zz', 400],
    ['with an expectation', 'Bearer x\r\nExpect: a-wonder', '/v1/generations', 417],
  ])('and send no more of it are hung up on: %s', async (_what, key, path, status) => {
    await newKey();
    // Longer than the test may take, so that nothing else ends the connection.
    const port = await listening({ bodyPatienceMs: 300, silenceMs: 3_600_000, requestMs: 3_600_000 });
    const { end } = await open(port, key, 40 * 2 ** 20, path);
    expect(await end).toContain(`HTTP/1.1 ${status}`);
  });

  test.each(['/v1/nothing', '/livez'])('are not asked for it where nothing takes it: POST %s', async (path) => {
    const port = await listening({ bodyPatienceMs: 300, silenceMs: 3_600_000, requestMs: 3_600_000 });
    const { end } = await open(port, 'Bearer x\r\nExpect: 100-continue', 1000, path);
    expect(await end).toMatch(/^HTTP\/1\.1 40[45] /);
  });

  test('and go on sending reach their next request', async () => {
    const port = await listening({ bodyPatienceMs: 300, bodyRate: 10 });
    const { socket, end } = await open(port, await newKey(), 60, '/v1/nothing');
    let sent = 0;
    const steadily = setInterval(() => {
      if (sent < 60) socket.write(' '.repeat(5));
      else if (sent === 60) socket.write(`GET /livez HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
      sent += 5;
    }, 60);
    const answers = await end;
    clearInterval(steadily);
    expect(answers).toContain('HTTP/1.1 404');
    expect(answers).toContain('HTTP/1.1 200');
  });

  test('take none of the memory for bodies where nothing is', async () => {
    const port = await listening({}, { bodyMemory: 2 ** 20 });
    const { socket, end } = await open(port, 'Bearer x', 40 * 2 ** 20, '/v1/nothing');
    // What it would have to be read for never comes.
    await expect.poll(() => socket.bytesRead, { timeout: 60_000 }).toBeGreaterThan(0);
    socket.destroy();
    expect(await end).toContain('HTTP/1.1 404');
  });
});

describe('a tenant that fills its share of the memory for bodies', () => {
  test('is refused, and others are not', async () => {
    const [greedy, other] = [await newKey(), await newKey()];
    const port = await listening({}, { bodyMemory: 4 * 2 ** 20 });
    const length = 3 * 2 ** 20;
    const first = await open(port, greedy, length);
    // All but the last byte: it stays where it is.
    first.socket.write(Buffer.alloc(1.5 * 2 ** 20, 0x20));
    const second = await open(port, greedy, length);
    second.socket.write(Buffer.alloc(1.5 * 2 ** 20, 0x20));
    const refused = await Promise.race([first.end, second.end]);
    expect(refused).toContain('HTTP/1.1 503');
    expect(refused).toContain('"code":"overloaded"');
    expect((await submit(port, other)).status).toBe(202);
    first.socket.destroy();
    second.socket.destroy();
    await expect.poll(async () => (await submit(port, greedy)).status).toBe(202);
  });

  test('is one by its bytes that are there', () => {
    const budget = new BodyBudget(100);
    const [a, b, c] = [budget.open('one'), budget.open('one'), budget.open('other')];
    a.add(40);
    expect(() => b.add(11)).toThrow(expect.objectContaining({ code: 'overloaded', retryAfter: 1 }));
    b.add(10);
    c.add(50);
    expect(() => c.add(1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
    a.giveBack(30);
    expect(budget.taken).toBe(70);
    c.add(20);
    for (const part of [a, b, c, c]) part.close();
    expect(budget.taken).toBe(0);
    a.add(1000);
    expect(() => b.add(1)).toThrow();
    expect(() => c.add(1)).toThrow();
  });
});

describe('places that are held open', () => {
  test('are those of one address where nobody shows a key', async () => {
    const { settings } = application.parts;
    await newKey();
    const limits = { ...settings.limits, waitsPerTenant: 1 };
    const access = { ...settings.access, allowAnonymous: true };
    const app = await application.rebuild({ settings: { ...settings, limits, access } });
    const wait = async (remoteAddress: string, seconds: number) =>
      await app.inject({
        method: 'POST',
        url: '/v1/generations',
        headers: { prefer: `wait=${seconds}` },
        payload: { prompt: 'x' },
        remoteAddress,
      });
    const count = async (): Promise<number> =>
      (await app.inject('/v1/generations')).json<{ data: unknown[] }>().data.length;
    const before = await count();
    const held = wait('192.0.2.1', 5);
    await expect.poll(count, { timeout: 60_000 }).toBe(before + 1);
    expect((await wait('192.0.2.1', 1)).statusCode).toBe(429);
    expect((await wait('192.0.2.2', 1)).statusCode).toBe(202);
    expect((await held).statusCode).toBe(202);
  }, 30_000);

  test('of waits are counted by tenant and in all, before anything is recorded', async () => {
    const { settings } = application.parts;
    for (const [waits, waitsPerTenant, status, code] of [
      [9, 2, 429, 'rate_limited'],
      [2, 9, 503, 'overloaded'],
    ] as const) {
      const [key, other] = [await newKey(), await newKey()];
      const limits = { ...settings.limits, waits, waitsPerTenant };
      const app = await application.rebuild({ settings: { ...settings, limits } });
      const wait = async (authorization: string, prefer?: string) =>
        await app.inject({
          method: 'POST',
          url: '/v1/generations',
          headers: { authorization, ...(prefer === undefined ? {} : { prefer }) },
          payload: { prompt: 'x' },
        });
      const count = async (): Promise<number> =>
        (await app.inject({ url: '/v1/generations', headers: { authorization: key } })).json<{ data: unknown[] }>().data
          .length;
      const held = [wait(key, 'wait=5'), wait(key, 'wait=5')];
      await expect.poll(count, { timeout: 60_000 }).toBe(2);
      const refused = await wait(key, 'wait=2');
      expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([status, code]);
      expect(await count()).toBe(2);
      expect((await wait(key)).statusCode).toBe(202);
      const others = await wait(other, 'wait=1');
      expect(others.statusCode).toBe(status === 429 ? 202 : 503);
      for (const answer of await Promise.all(held)) expect(answer.statusCode).toBe(202);
      expect((await wait(key, 'wait=1')).statusCode).toBe(202);
    }
  });
});
