import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { crc32, deflateSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { longestNesting } from '../../src/json/json-reader.ts';
import { defaultServerLimits, type LoadLimits, type ServerLimits } from '../../src/server/parts/limits.ts';
import { type Application, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
let port: number;
beforeAll(async () => {
  application = await openApplication();
  port = await listen(application.app);
});
afterAll(async () => await application.close());

async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
}

async function listening(limits: Partial<ServerLimits>, load: Partial<LoadLimits> = {}): Promise<number> {
  const { settings } = application.parts;
  const app = await application.rebuild({
    settings: { ...settings, limits: { ...settings.limits, ...limits }, load: { ...settings.load, ...load } },
  });
  return await listen(app);
}

/** A bare connection, and all that comes back on it until it is closed. */
async function open(at: number): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }> {
  const socket = connect(at, '127.0.0.1');
  await once(socket, 'connect');
  const answer = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    // What the other side resets has said all that it will.
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
  return { socket, answer };
}

function problemIn(answer: string): { readonly code: string; readonly status: number } {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { code: string; status: number };
}

/** A busy machine takes its time for the first answer of a server. */
const patient = { timeout: 20_000 };

const start = 'POST /v1/generations HTTP/1.1\r\nHost: localhost\r\n';

describe('what stands in an address', () => {
  test.each(['\u0000', 'gen_\u0000', '\ud800', '../..', 'é'.repeat(200), '__proto__'])(
    'is known to no route as %j',
    async (id) => {
      const { app } = application;
      const { paths } = (await app.inject('/openapi.json')).json<{ paths: Record<string, Record<string, unknown>> }>();
      const named = Object.entries(paths).filter(([path]) => path.includes('{'));
      expect(named.length).toBeGreaterThan(20);
      const part = id === '\ud800' ? '%ED%A0%80' : encodeURIComponent(id);
      for (const [path, methods] of named) {
        for (const method of Object.keys(methods).map((name) => name.toUpperCase() as 'GET')) {
          const url = path.replaceAll(/\{\w+\}/g, part);
          const { statusCode, headers } = await app.inject({ method, url });
          expect([method, path, statusCode >= 400 && statusCode < 500]).toEqual([method, path, true]);
          expect([method, path, headers['content-type']]).toEqual([
            method,
            path,
            expect.stringContaining('application/problem+json'),
          ]);
        }
      }
    },
  );
});

describe('slow clients', () => {
  test('get a limited time for their headers', async () => {
    const { socket, answer } = await open(await listening({ headersMs: 200, requestMs: 10_000 }));
    socket.write(`${start}X-Slow: `);
    expect(problemIn(await answer)).toMatchObject({ code: 'invalid_request', status: 408 });
  });

  test('get a limited time for their body', async () => {
    const { socket, answer } = await open(await listening({ headersMs: 200, requestMs: 400 }));
    socket.write(`${start}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
    expect(problemIn(await answer)).toMatchObject({ code: 'invalid_request', status: 408 });
  });

  test('lose a connection on which nothing is said', async () => {
    const { answer } = await open(await listening({ silenceMs: 200 }));
    expect(await answer).toBe('');
  });

  test('lose a connection that is kept for no further request', async () => {
    const { socket, answer } = await open(await listening({ keepAliveMs: 100 }));
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await answer).toContain('HTTP/1.1 200 OK');
  });

  test('may be silent for as long as they wait for a picture', () => {
    const { waitSeconds, heartbeatMs, silenceMs } = defaultServerLimits;
    expect(silenceMs).toBeGreaterThan(waitSeconds * 1000);
    expect(silenceMs).toBeGreaterThan(heartbeatMs);
  });
});

describe('what is too long', () => {
  test('in a header is refused before it is read to its end', async () => {
    const { socket, answer } = await open(port);
    socket.write(`${start}X-Bomb: ${'x'.repeat(defaultServerLimits.headerBytes)}\r\n`);
    expect(problemIn(await answer)).toMatchObject({ code: 'invalid_request', status: 431 });
  });

  test('in many headers is refused, too', async () => {
    const { socket, answer } = await open(port);
    socket.write(start + Array.from({ length: 5000 }, (_, index) => `X-${index}: y\r\n`).join(''));
    expect(problemIn(await answer)).toMatchObject({ status: 431 });
  });

  test('in an address is refused', async () => {
    const response = await application.app.inject(
      `/v1/generations?cursor=${'x'.repeat(defaultServerLimits.urlLength)}`,
    );
    expect(response.json()).toMatchObject({ code: 'uri_too_long', status: 414 });
  });

  test('in a body that is announced is refused without being read', async () => {
    const { socket, answer } = await open(port);
    socket.write(`${start}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{`);
    expect(problemIn(await answer)).toMatchObject({ code: 'payload_too_large', status: 413 });
  });

  test('in a body that is not announced is refused when it has become too long', async () => {
    const { socket, answer } = await open(await listening({ bodyBytes: 1000 }));
    const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`;
    socket.write(`${start}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`);
    expect(problemIn(await answer)).toMatchObject({ code: 'payload_too_large', status: 413 });
  });

  test.each([
    ['text parts', 'text'],
    ['files', Buffer.from('file')],
  ])('is a form of 10,000 %s', async (_, value) => {
    const form = await multipart(Array.from({ length: 10_000 }, (__, index) => [`part${index}`, value] as const));
    const response = await application.app.inject({ method: 'POST', url: '/v1/generations', ...form });
    expect(response.json()).toMatchObject({ code: 'payload_too_large', status: 413 });
  });
});

describe('deep JSON', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const send = async (payload: string) => {
    const headers = { 'content-type': 'application/json' };
    return (await application.app.inject({ method: 'POST', url: '/v1/generations', headers, payload })).json<unknown>();
  };

  test.each([longestNesting, 1000, 1_000_000])('of %i arrays is refused as a body', async (depth) => {
    expect(await send(`{"metadata": ${nested(depth)}}`)).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('inside each other') as string,
    });
  });

  test('that never closes is refused', async () => {
    expect(await send('['.repeat(40 * 2 ** 20))).toMatchObject({ code: 'invalid_request' });
  });

  test.each([
    ['request', {}],
    ['metadata', { prompt: 'x' }],
  ])('is refused in the part %s', async (part, others) => {
    const form = await multipart({ ...others, [part]: nested(100_000) });
    const response = await application.app.inject({ method: 'POST', url: '/v1/generations', ...form });
    expect(response.json()).toMatchObject({ code: 'invalid_request', field: part });
  });

  test('is refused in a part that says that it is JSON', async () => {
    const body = `--x\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n${nested(100_000)}\r\n--x--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const response = await application.app.inject({ method: 'POST', url: '/v1/generations', headers, payload: body });
    expect(response.json()).toMatchObject({ code: 'invalid_request', field: 'metadata' });
  });

  test('is not what stands in a text', async () => {
    const prompt = `\\" ${'[{'.repeat(100)} \\\\`;
    expect(await send(`{"prompt": "${prompt}", "metadata": {"a": ${nested(longestNesting - 2)}}}`)).toMatchObject({
      status: 'queued',
    });
  });
});

describe('bodies at the same time', () => {
  test('are received up to the memory that they may take, and others later', async () => {
    const at = await listening({}, { bodyMemory: 10_000 });
    const headers = 'Content-Type: application/json\r\nConnection: close\r\nContent-Length: ';
    const first = await open(at);
    first.socket.write(`${start}${headers}9000\r\n\r\n{"prompt": `);
    // Who asks is found out in the order of asking: behind this answer the first body counts.
    const behind = await open(at);
    behind.socket.write('GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await behind.answer;
    const send = async () => {
      const { socket, answer } = await open(at);
      socket.write(`${start}${headers}1016\r\n\r\n{"prompt": "${'x'.repeat(1000)}"}  `);
      return await answer;
    };
    await expect.poll(send, patient).toContain('HTTP/1.1 503');
    const refused = await send();
    expect(problemIn(refused)).toMatchObject({ code: 'overloaded', status: 503 });
    expect(refused).toContain('\r\nretry-after: 1\r\n');
    first.socket.destroy();
    await first.answer;
    await expect.poll(send, patient).toContain('HTTP/1.1 202');
  });
});

describe('pictures', () => {
  test('that unpack to far more than they weigh are refused by their header', async () => {
    const bomb = hugePng(60_000, 60_000);
    expect(bomb.length).toBeLessThan(1000);
    const headers = { 'content-type': 'image/png' };
    const response = await application.app.inject({ method: 'POST', url: '/v1/uploads', headers, payload: bomb });
    expect(response.json()).toMatchObject({ code: 'image_too_large', status: 413 });
  });

  test('whose data go on beyond their size are refused or read to their size', async () => {
    const whole = await pictureFile('png', 8, 8);
    const data = deflateSync(Buffer.alloc(50_000_000));
    expect(data.length).toBeLessThan(100_000);
    const bomb = Buffer.concat([whole.subarray(0, 33), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
    const headers = { 'content-type': 'image/png' };
    const response = await application.app.inject({ method: 'POST', url: '/v1/uploads', headers, payload: bomb });
    expect([201, 400]).toContain(response.statusCode);
  });
});

/** A PNG that claims a size and holds a few rows of nothing. */
function hugePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const rows = deflateSync(Buffer.alloc(3 * width + 1));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
