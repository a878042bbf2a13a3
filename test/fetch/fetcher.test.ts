import { createServer, type TLSSocket } from 'node:tls';
import { createServer as createSocketServer, type AddressInfo, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { createFetcher, type Fetched, type FetchOptions, type Resolve } from '../../src/fetch/fetcher.ts';
import { localServer } from './local-server.ts';

const fetcher = createFetcher({ allow: ['127.0.0.1'] });

async function failure(work: Promise<unknown>): Promise<ArmatureError> {
  return await work.then(
    () => Promise.reject(new Error('Expected a failure but there was an answer')),
    (error: unknown) => (error instanceof ArmatureError ? error : Promise.reject(error)),
  );
}

const get = async (url: string, options: Partial<FetchOptions> = {}): Promise<Fetched> =>
  await fetcher.fetchBytes(url, { maxBytes: 1000, ...options });

const sockets: Server[] = [];
afterEach(async () => {
  await Promise.all(sockets.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** Answers every connection with these bytes, and leaves it open unless told to end. */
async function rawServer(bytes: string, end: boolean): Promise<string> {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined).resume();
    socket.write(bytes, () => (end ? socket.end() : undefined));
  });
  sockets.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('an answer', () => {
  it('comes with its status, headers and bytes, whatever the status', async () => {
    const { origin } = await localServer((_request, response) =>
      response.writeHead(404, { 'content-type': 'text/plain' }).end('none'),
    );
    const { status, headers, bytes, url, redirects } = await get(`${origin}/a?b=c`);
    expect({ status, type: headers['content-type'], url, redirects }).toEqual({
      status: 404,
      type: 'text/plain',
      url: `${origin}/a?b=c`,
      redirects: [],
    });
    expect(Buffer.from(bytes).toString()).toBe('none');
  });

  it('is asked for with method, headers and body', async () => {
    let body = '';
    const { origin, requests } = await localServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => response.writeHead(204).end());
    });
    await get(`${origin}/hook?x=1`, {
      method: 'POST',
      body: '{"ä":1}',
      headers: { 'Content-Type': 'application/json' },
    });
    const [{ method, url, headers } = {}] = requests;
    expect({ method, url, body }).toEqual({ method: 'POST', url: '/hook?x=1', body: '{"ä":1}' });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '8',
      'accept-encoding': 'identity',
      host: new URL(origin).host,
    });
  });

  it('to HEAD has no body, though a length is announced', async () => {
    const { origin } = await localServer((_request, response) =>
      response.writeHead(200, { 'content-length': 5000 }).end(),
    );
    const { headers, bytes } = await get(origin, { method: 'HEAD' });
    expect(headers['content-length']).toBe('5000');
    expect(bytes).toHaveLength(0);
  });
});

describe('the address that was checked', () => {
  it('is the one that is asked, with the name in the Host header, and no second look-up', async () => {
    const { port, requests } = await localServer((_request, response) => response.end('hello'));
    let asked = 0;
    // A rebinding name server: the first answer is fine, later ones lead elsewhere.
    const resolve: Resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '10.255.255.1', family: 4 }];
    const rebinding = createFetcher({ allow: ['127.0.0.0/8'], resolve });
    await rebinding.fetchBytes(`http://pictures.example.com:${port}/`, { maxBytes: 10 });
    expect(asked).toBe(1);
    expect(requests[0]?.headers.host).toBe(`pictures.example.com:${port}`);
    const again = rebinding.fetchBytes(`http://pictures.example.com:${port}/`, { maxBytes: 10 });
    expect((await failure(again)).code).toBe('fetch_refused');
  });

  it('is asked by TLS with the name as SNI, and a certificate that nobody vouches for is refused', async () => {
    let name: string | undefined;
    const server = createServer({
      SNICallback: (servername, done) => {
        name = servername;
        done(new Error('No certificate'));
      },
    });
    server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
    sockets.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const named = createFetcher({ allow: ['127.0.0.0/8'], resolve });
    const { port } = server.address() as AddressInfo;
    const error = await failure(named.fetchBytes(`https://pictures.example.com:${port}/`, { maxBytes: 10 }));
    expect(error.code).toBe('fetch_failed');
    expect(name).toBe('pictures.example.com');
  });
});

describe('redirects', () => {
  it('are followed, relative ones too, and kept', async () => {
    const { origin } = await localServer((request, response) => {
      if (request.url === '/c') response.end('there');
      else response.writeHead(request.url === '/a' ? 301 : 307, { location: request.url === '/a' ? 'b' : '/c' }).end();
    });
    const { url, redirects, bytes } = await get(`${origin}/a`);
    expect(url).toBe(`${origin}/c`);
    expect(redirects.map(({ url, status }) => [url, status])).toEqual([
      [`${origin}/a`, 301],
      [`${origin}/b`, 307],
    ]);
    expect(Buffer.from(bytes).toString()).toBe('there');
  });

  it('end somewhere', async () => {
    const { origin, requests } = await localServer((_request, response) =>
      response.writeHead(302, { location: '/again' }).end(),
    );
    const error = await failure(get(origin, { maxRedirects: 3 }));
    expect(error.code).toBe('fetch_failed');
    expect(error.message).toMatch(/more than 3 times/);
    expect(requests).toHaveLength(4);
  });

  it('are a failure where none are allowed', async () => {
    const { origin } = await localServer((_request, response) => response.writeHead(302, { location: '/' }).end());
    expect((await failure(get(origin, { maxRedirects: 0 }))).code).toBe('fetch_failed');
  });

  it('keep credentials at their origin', async () => {
    const other = await localServer((_request, response) => response.end());
    const { origin, requests } = await localServer((request, response) =>
      response.writeHead(302, { location: request.url === '/' ? '/here' : `${other.origin}/there` }).end(),
    );
    await get(`${origin}/`, { headers: { Authorization: 'Bearer secret', Cookie: 'a=b', 'X-Kept': '1' } });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', 'Bearer secret']);
    expect(other.requests[0]?.headers).toMatchObject({ 'x-kept': '1' });
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(other.requests[0]?.headers).not.toHaveProperty('cookie');
  });

  it.each([
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'body'],
    [308, 'POST', 'body'],
  ])('by %i turn a POST into a %s', async (status, method, expected) => {
    let body = '';
    const { origin, requests } = await localServer((request, response) => {
      if (request.url === '/') {
        response.writeHead(status, { location: '/next' }).end();
        return;
      }
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => response.end());
    });
    await get(`${origin}/`, { method: 'POST', body: 'body', headers: { 'content-type': 'text/plain' } });
    expect(requests[1]?.method).toBe(method);
    expect(requests[1]?.headers['content-type']).toBe(expected === '' ? undefined : 'text/plain');
    expect(body).toBe(expected);
  });

  it('to another origin come back as the answer where they are not to be followed', async () => {
    const { origin } = await localServer((request, response) =>
      response.writeHead(302, { location: request.url === '/' ? '/here' : 'https://cdn.example.com/x' }).end(),
    );
    const { status, headers, redirects } = await get(`${origin}/`, { follow: 'same-origin', method: 'HEAD' });
    expect([status, headers.location, redirects.length]).toEqual([302, 'https://cdn.example.com/x', 1]);
  });

  it('to what is no address are a failure', async () => {
    const { origin } = await localServer((_request, response) =>
      response.writeHead(302, { location: 'http://[' }).end(),
    );
    expect((await failure(get(origin))).message).toMatch(/no address/);
  });
});

describe('bounds', () => {
  it('stop a body that announces too much before it is read', async () => {
    const { origin } = await localServer((_request, response) =>
      response.writeHead(200, { 'content-length': 1001 }).end(),
    );
    expect((await failure(get(origin))).message).toMatch(/larger than 1000 bytes/);
  });

  it('stop an endless body', async () => {
    let sent = 0;
    const { origin } = await localServer((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      more();
    });
    expect((await failure(get(origin, { maxBytes: 100_000 }))).message).toMatch(/larger than 100000 bytes/);
    expect(sent).toBeLessThan(50_000_000);
  });

  it('take exactly as much as is allowed', async () => {
    const { origin } = await localServer((_request, response) => response.end(Buffer.alloc(1000)));
    expect((await get(origin)).bytes).toHaveLength(1000);
  });

  it('refuse a compressed answer, so that it cannot grow', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const { origin } = await localServer((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await failure(get(origin, { maxBytes: 10_000_000 }))).message).toMatch(/compressed \(gzip\)/);
  });

  it('stop a server that never answers', async () => {
    const { origin } = await localServer(() => undefined);
    expect((await failure(get(origin, { timeoutMs: 100 }))).message).toMatch(/within 0\.1 s/);
    expect((await failure(get(origin, { idleMs: 100 }))).message).toMatch(/sends nothing more/);
  });

  it('stop a server that drips, by the whole time', async () => {
    const { origin } = await localServer((_request, response) => {
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(drip));
    });
    const error = await failure(get(origin, { timeoutMs: 150, idleMs: 5000 }));
    expect(error.message).toMatch(/within 0\.15 s/);
  });

  it('stop a body that stalls, by the time without a byte', async () => {
    const { origin } = await localServer((_request, response) => response.write('x'));
    expect((await failure(get(origin, { idleMs: 100 }))).message).toMatch(/sends nothing more/);
  });

  it('stop a name server that never answers', async () => {
    const silent = createFetcher({ resolve: () => new Promise(() => undefined) });
    const error = await failure(silent.fetchBytes('http://example.com/', { maxBytes: 1, timeoutMs: 50 }));
    expect(error.code).toBe('fetch_failed');
  });

  it('stop headers without end', async () => {
    const url = await rawServer(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, false);
    expect((await failure(get(url))).message).toMatch(/headers that are too large/);
  });
});

describe('what goes wrong', () => {
  it('is said of a server that speaks something else', async () => {
    expect((await failure(get(await rawServer('220 mail.example.com ESMTP\r\n', false)))).message).toMatch(
      /not speak HTTP/,
    );
  });

  it('is said of a body that is cut off', async () => {
    const url = await rawServer('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', true);
    expect((await failure(get(url))).message).toMatch(/cut the connection/);
  });

  it('is said of a port where nobody listens', async () => {
    expect((await failure(get('http://127.0.0.1:1/'))).code).toBe('fetch_refused');
    const open = createFetcher({ allow: ['127.0.0.1:1'] });
    expect((await failure(open.fetchBytes('http://127.0.0.1:1/', { maxBytes: 1 }))).message).toMatch(
      /refuses connections/,
    );
  });

  it('is said of a name that is not there, and names the field', async () => {
    const resolve: Resolve = async () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const none = createFetcher({ resolve });
    const error = await failure(none.fetchBytes('http://nowhere.example/', { maxBytes: 1, field: 'webhook.url' }));
    expect([error.code, error.field, error.message]).toEqual([
      'fetch_failed',
      'webhook.url',
      'nowhere.example has no address.',
    ]);
  });
});

describe('a caller', () => {
  it('can stop at any time', async () => {
    const { origin } = await localServer((_request, response) => response.write('x'));
    const stop = new AbortController();
    const { body } = await fetcher.openStream(origin, { maxBytes: 1000, signal: stop.signal });
    const read = (async () => {
      for await (const chunk of body) stop.abort(chunk);
    })();
    expect((await failure(read)).code).toBe('cancelled');
    const early = failure(get(origin, { signal: AbortSignal.abort() }));
    expect((await early).code).toBe('cancelled');
  });

  it('that closes an answer without reading it lets the connection go', async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const { origin } = await localServer((request, response) => {
      request.socket.on('close', () => closed?.());
      response.write('x');
    });
    const { close } = await fetcher.openStream(origin, { maxBytes: 1000 });
    close();
    await gone;
  });
});
