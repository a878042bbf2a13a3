import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What a client that means harm sends, and what it may get. */
export interface HostileClient {
  readonly name: string;
  /** Statuses that are a good answer; `closed` is a connection that the server ended without one. */
  readonly allowed: readonly (number | 'closed')[];
  readonly act: (socket: Socket) => Promise<void> | void;
  /** Milliseconds within which the server has to have answered or hung up. */
  readonly withinMs: number;
}

const head = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const json = 'content-type: application/json';
const lines = 'content-type: application/x-ndjson';
const form = 'content-type: multipart/form-data; boundary=b';

/** How long the server lets a client take over its headers, and over all of its request. */
export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
}

export function hostileClients(patience: Patience, authorization: string): readonly HostileClient[] {
  const post = (path: string, headers: readonly string[]): string =>
    head([`POST ${path} HTTP/1.1`, 'host: a', `authorization: ${authorization}`, ...headers]);
  const soon = 10_000;
  // Late clients are looked for now and then.
  const slack = 20_000;
  return [
    {
      name: 'one byte of a header every 300 ms',
      allowed: [408, 'closed'],
      withinMs: patience.headersMs + slack,
      act: (socket) => drip(socket, 'GET /livez HTTP/1.1\r\nhost: a\r\nx-slow: ', 'a'),
    },
    {
      name: 'one byte of a body every 300 ms',
      allowed: [408, 'closed'],
      withinMs: patience.requestMs + slack,
      act: (socket) => drip(socket, post('/v1/generations', [json, 'content-length: 1000000']), ' '),
    },
    {
      name: 'a header of 1 MB',
      allowed: [431, 'closed'],
      withinMs: soon,
      act: (socket) => write(socket, head(['GET /livez HTTP/1.1', 'host: a', `x: ${'a'.repeat(1 << 20)}`])),
    },
    {
      name: '20,000 headers',
      allowed: [431, 'closed'],
      withinMs: soon,
      act: (socket) =>
        write(
          socket,
          head(['GET /livez HTTP/1.1', 'host: a', ...Array.from({ length: 20_000 }, (_, i) => `x${i}: 1`)]),
        ),
    },
    {
      name: 'an address of 100 KB',
      allowed: [404, 414, 431, 'closed'],
      withinMs: soon,
      act: (socket) => write(socket, head([`GET /${'a'.repeat(100_000)} HTTP/1.1`, 'host: a'])),
    },
    {
      name: 'a body that says it has 100 GB',
      allowed: [413],
      withinMs: soon,
      act: (socket) => write(socket, post('/v1/generations', [json, 'content-length: 100000000000'])),
    },
    {
      name: 'a chunked body without an end',
      allowed: [413, 'closed'],
      withinMs: 60_000,
      act: (socket) => chunks(socket, post('/v1/generations', [json, 'transfer-encoding: chunked'])),
    },
    {
      name: 'a chunked form without an end',
      allowed: [400, 413, 'closed'],
      withinMs: 60_000,
      act: (socket) => chunks(socket, post('/v1/generations', [form, 'transfer-encoding: chunked'])),
    },
    {
      name: 'a form of 50,000 parts',
      allowed: [400, 413],
      withinMs: 30_000,
      act: (socket) => {
        const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n';
        const body = `${part.repeat(50_000)}--b--\r\n`;
        return write(socket, post('/v1/generations', [form, `content-length: ${body.length}`]) + body);
      },
    },
    {
      name: 'a form part with 100,000 bytes of headers',
      allowed: [400, 413],
      withinMs: 30_000,
      act: (socket) => {
        const body = `--b\r\n${'x-a: b\r\n'.repeat(12_500)}\r\n1\r\n--b--\r\n`;
        return write(socket, post('/v1/generations', [form, `content-length: ${body.length}`]) + body);
      },
    },
    {
      name: 'JSON that is 1,000,000 levels deep',
      allowed: [400],
      withinMs: 30_000,
      act: (socket) => {
        const body = '['.repeat(1_000_000);
        return write(socket, post('/v1/generations', [json, `content-length: ${body.length}`]) + body);
      },
    },
    {
      name: 'JSON Lines: 30 MB of empty lines',
      allowed: [400, 413],
      withinMs: 30_000,
      act: (socket) => body(socket, post, lines, '\n'.repeat(30_000_000)),
    },
    {
      name: 'JSON Lines: one line of 40 MB, in small pieces',
      allowed: [400, 413],
      withinMs: 60_000,
      act: (socket) => body(socket, post, lines, `{"prompt":"${'a'.repeat(40_000_000)}"}`),
    },
    {
      name: 'JSON Lines: items that are 20,000 levels deep',
      allowed: [400],
      withinMs: 30_000,
      act: (socket) =>
        body(socket, post, lines, `{"prompt":"x","metadata":${'['.repeat(20_000)}${']'.repeat(20_000)}}\n`.repeat(50)),
    },
    {
      name: 'JSON Lines: 200,000 items of which none can be drawn',
      allowed: [400, 413, 422],
      withinMs: 60_000,
      act: (socket) => body(socket, post, lines, '{"prompt":"x","steps":0}\n'.repeat(200_000)),
    },
    {
      name: 'base64 of 8 MB that ends in nothing but padding and a letter',
      allowed: [400],
      withinMs: 30_000,
      act: (socket) => {
        const image = { data: `${'='.repeat(8_000_000)}a` };
        return body(
          socket,
          post,
          json,
          JSON.stringify({ prompt: 'x', controls: [{ type: 'canny', image }] }),
          '/v1/generations',
        );
      },
    },
    {
      name: 'JSON of 8 MB of the smallest values',
      allowed: [400, 413],
      withinMs: 60_000,
      act: (socket) =>
        body(socket, post, json, `{"prompt":"x","metadata":{"a":[${'1,'.repeat(4_000_000)}1]}}`, '/v1/generations'),
    },
    {
      name: 'both content-length and transfer-encoding',
      allowed: [400, 'closed'],
      withinMs: soon,
      act: (socket) =>
        write(
          socket,
          `${post('/v1/generations', [json, 'content-length: 6', 'transfer-encoding: chunked'])}0\r\n\r\nGET`,
        ),
    },
    {
      name: 'no HTTP at all',
      allowed: [400, 'closed'],
      withinMs: soon,
      act: (socket) => write(socket, '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'),
    },
    {
      name: '1,000 requests in one breath',
      allowed: [200],
      withinMs: 30_000,
      act: (socket) => write(socket, head(['GET /livez HTTP/1.1', 'host: a']).repeat(1000)),
    },
  ];
}

/** What came of it: the first status, or `closed`, or `open` where the server did nothing in time. */
export async function meet(address: string, client: HostileClient): Promise<number | 'closed' | 'open'> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  const outcome = new Promise<number | 'closed'>((resolve) => {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status !== undefined && status !== '100') resolve(Number(status));
    });
    socket.on('close', () => resolve('closed'));
    socket.on('error', () => resolve('closed'));
  });
  const timer = new AbortController();
  try {
    await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
    void client.act(socket);
    const late = pause(client.withinMs, 'open' as const, { signal: timer.signal });
    late.catch(() => {});
    return await Promise.race([outcome, late]);
  } finally {
    timer.abort();
    socket.destroy();
  }
}

async function write(socket: Socket, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.write(text, 'latin1', () => resolve());
  });
}

/** A body of ASCII, sent as fast as it is taken. */
async function body(
  socket: Socket,
  post: (path: string, headers: readonly string[]) => string,
  type: string,
  text: string,
  path = '/v1/batches',
): Promise<void> {
  await write(socket, post(path, [type, `content-length: ${text.length}`]));
  const piece = 16_384;
  for (let at = 0; at < text.length && socket.writable; at += piece) await write(socket, text.slice(at, at + piece));
}

async function drip(socket: Socket, start: string, rest: string): Promise<void> {
  await write(socket, start);
  while (socket.writable) {
    await write(socket, rest);
    await pause(300);
  }
}

async function chunks(socket: Socket, start: string): Promise<void> {
  await write(socket, start);
  const data = ' '.repeat(1 << 20);
  const chunk = `${data.length.toString(16)}\r\n${data}\r\n`;
  while (socket.writable) await write(socket, chunk);
}
