import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { buildMonitoringApp } from '../../src/server/monitoring-app.ts';
import { type Application, finishJob, openApplication } from './application.ts';

type Headers = Readonly<Record<string, string>>;

let application: Application;
let output: string;
beforeAll(async () => {
  application = await openApplication();
  const { app } = application;
  const answer = await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' } });
  const job = await finishJob(application, answer.json<{ id: string }>());
  output = `/v1/generations/${job.id}/outputs/0`;
});
afterAll(async () => await application.close());

/** A server without keys on loopback, which the operator told what `settings` say. */
async function keyless(settings: Partial<Application['parts']['settings']> = {}): Promise<FastifyInstance> {
  const nothing = { corsOrigins: [], publicUrl: null };
  return await application.rebuild({ settings: { ...application.parts.settings, ...nothing, ...settings } });
}

const page = (site: string, mode = 'cors', destination = 'empty'): Headers => ({
  'sec-fetch-site': site,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': destination,
});

describe('without keys, on loopback, a request', () => {
  let app: FastifyInstance;
  beforeAll(async () => (app = await keyless()));
  const statuses = async (headers: Headers) =>
    await Promise.all(
      ['/v1/generations', output, '/metrics', '/openapi.json'].map(
        async (url) => (await app.inject({ url, headers })).statusCode,
      ),
    );

  test.each([
    {},
    { host: 'localhost' },
    { host: 'LocalHost:7860' },
    { host: 'localhost.:7860' },
    { host: '127.0.0.1:7860' },
    { host: '127.8.9.10' },
    { host: '[::1]:7860' },
    { host: '[0:0:0:0:0:0:0:1]' },
    { host: '127.0.0.1:7860', origin: 'http://127.0.0.1:7860' },
    { host: 'localhost', origin: 'http://localhost' },
    { host: '[::1]:9', origin: 'http://[::1]:9', ...page('same-origin') },
    { host: 'localhost:1', referer: 'http://localhost:1/board' },
    page('same-origin', 'no-cors', 'image'),
    page('none', 'navigate', 'document'),
  ])('of this machine is let in: %j', async (headers) => {
    expect(await statuses(headers)).toEqual([200, 200, 200, 200]);
  });

  test.each<Headers>([
    { host: 'evil.example' },
    { host: 'evil.example:7860', origin: 'http://evil.example:7860', ...page('same-origin') },
    { host: 'localhost.evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost..' },
    { host: 'evil.example#localhost' },
    { host: 'localhost@evil.example' },
    { host: 'localhost/x' },
    { host: '0.0.0.0:7860' },
    { host: '[::ffff:127.0.0.1]:7860' },
    { host: '192.168.1.7' },
    { host: 'evil.example', 'x-forwarded-host': 'localhost' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000' },
    { host: 'localhost:7860', origin: 'http://127.0.0.1:7860' },
    { host: 'localhost:7860', origin: 'https://localhost:7860' },
    { origin: 'http://localhost:80/' },
    { origin: 'https://evil.example', ...page('same-origin') },
    page('cross-site'),
    page('same-site'),
    page('something-new'),
    page('cross-site', 'no-cors', 'image'),
    page('cross-site', 'no-cors', 'script'),
    page('cross-site', 'navigate', 'iframe'),
    page('cross-site', 'navigate', 'document'),
    page('cross-site', 'websocket', 'websocket'),
    { referer: 'https://evil.example/page' },
  ])('from elsewhere is refused: %j', async (headers) => {
    expect(await statuses(headers)).toEqual([403, 403, 403, 403]);
  });

  test.each<readonly [string, Headers, readonly string[]]>([
    ['Host', { host: 'Box.lan:7860' }, ['for the host box.lan:7860', '--public-url http://box.lan:7860']],
    ['Origin', { origin: 'https://evil.example' }, ['https://evil.example', '--cors-origin https://evil.example']],
    ['page', page('cross-site'), ['cross-site', '--cors-origin']],
    ['spelling', { host: 'a b' }, ['without the name of a host', '--allow-anonymous']],
  ])('is told which %s is foreign, and the flag that would let it in', async (_, headers, texts) => {
    const response = await app.inject({ url: '/v1/generations', headers });
    const problem = response.json<{ detail: string }>();
    expect(problem).toMatchObject({ code: 'forbidden', status: 403 });
    for (const text of [...texts, '--allow-anonymous', 'armature keys create']) expect(problem.detail).toContain(text);
    expect(response.headers['www-authenticate']).toBeUndefined();
  });

  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'that a foreign form sends as %s plants nothing',
    async (type) => {
      const before = (await app.inject('/v1/generations')).json<{ data: unknown[] }>().data.length;
      const headers = { 'content-type': type, origin: 'https://evil.example', ...page('cross-site', 'no-cors') };
      for (const url of ['/v1/generations', '/v1/batches', '/v1/uploads', '/v1/keys', '/v1/conditions/canny']) {
        const response = await app.inject({ method: 'POST', url, headers, payload: '{"prompt":"planted"}' });
        expect([url, response.statusCode]).toEqual([url, 403]);
      }
      expect((await app.inject('/v1/generations')).json<{ data: unknown[] }>().data).toHaveLength(before);
    },
  );

  test('of a foreign page is told in its preflight that it may not', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' };
    const response = await app.inject({ method: 'OPTIONS', url: output, headers });
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('opens a page from anywhere and under any name, but in no frame', async () => {
    const get = async (headers: Headers, url = '/board') => await app.inject({ url, headers });
    expect((await get(page('cross-site', 'navigate', 'document'))).statusCode).toBe(200);
    expect((await get({ host: 'evil.example', referer: 'https://evil.example/' })).statusCode).toBe(200);
    expect((await get({ host: 'evil.example' }, '/assets/board.js')).statusCode).toBe(200);
    const module = {
      host: 'localhost:7860',
      origin: 'http://localhost:7860',
      ...page('same-origin', 'cors', 'script'),
    };
    expect((await get(module, '/assets/board.js')).statusCode).toBe(200);
    for (const destination of ['iframe', 'frame', 'embed', 'object']) {
      expect((await get(page('cross-site', 'navigate', destination))).statusCode).toBe(403);
      expect((await get(page('same-site', 'navigate', destination))).statusCode).toBe(403);
    }
    expect((await get(page('cross-site', 'no-cors', 'script'), '/assets/board.js')).statusCode).toBe(403);
    expect((await get({ origin: 'https://evil.example' }, '/assets/board.js')).statusCode).toBe(403);
    const { headers } = await get({});
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-frame-options']).toBe('DENY');
  });

  test.each<Headers>([{ host: '10.1.2.3:7860' }, { origin: 'https://status.example', ...page('cross-site') }])(
    'for health is answered whoever asks: %j',
    async (headers) => {
      expect((await app.inject({ url: '/livez', headers })).statusCode).toBe(200);
      expect((await app.inject({ url: '/readyz', headers })).statusCode).not.toBe(403);
    },
  );

  test('says of every answer that no other origin may show it', async () => {
    for (const url of ['/v1/generations', output, '/livez', '/board', '/nothing', '/openapi.json']) {
      const { headers } = await app.inject(url);
      expect(headers).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });
});

describe('what the operator named is let in, to draw and to read', () => {
  const app = 'https://app.example.com';
  test.each<readonly [Partial<Application['parts']['settings']>, Headers, number]>([
    [{ publicUrl: 'https://draw.example.com' }, { host: 'draw.example.com' }, 200],
    [{ publicUrl: 'https://draw.example.com:8443/x' }, { host: 'DRAW.example.com.:8443' }, 200],
    [{ publicUrl: 'https://draw.example.com' }, { host: '127.0.0.1', origin: 'https://draw.example.com' }, 200],
    [{ publicUrl: 'https://draw.example.com' }, { host: 'evil.example.com' }, 403],
    [{ publicUrl: 'https://draw.example.com' }, { host: 'draw.example.com', origin: 'https://evil.example' }, 403],
    [{ publicUrl: 'https://draw.example.com' }, { host: 'draw.example.com', ...page('cross-site') }, 403],
    [{ publicUrl: 'https://draw.example.com' }, { host: 'draw.example.com', ...page('same-origin') }, 200],
    [{ corsOrigins: [app] }, { origin: app, ...page('cross-site') }, 200],
    [{ corsOrigins: [app] }, { referer: `${app}/`, ...page('cross-site', 'no-cors', 'image') }, 200],
    [{ corsOrigins: [app] }, page('cross-site', 'no-cors', 'image'), 403],
    [{ corsOrigins: [app] }, { origin: `${app}.evil.example` }, 403],
    [{ corsOrigins: [app] }, { origin: 'null' }, 403],
    [{ corsOrigins: ['*'] }, { origin: 'null', ...page('cross-site') }, 200],
    [{ corsOrigins: ['*'] }, { host: 'any.example', ...page('cross-site', 'no-cors', 'image') }, 200],
  ])('%j: %j', async (settings, headers, status) => {
    const server = await keyless(settings);
    const response = await server.inject({ url: output, headers });
    expect(response.statusCode).toBe(status);
    const policy = response.headers['cross-origin-resource-policy'];
    expect(policy).toBe(status === 200 ? 'cross-origin' : 'same-origin');
    // Not to look after the service: that is this machine's own.
    expect((await server.inject({ url: '/v1/keys', headers })).statusCode).toBe(403);
  });

  test('a proxy that is trusted says for which host it speaks', async () => {
    const trusted = { trustedProxies: ['127.0.0.1'], publicUrl: 'https://draw.example.com' };
    const server = await keyless(trusted);
    const get = async (headers: Headers) => (await server.inject({ url: output, headers })).statusCode;
    expect(await get({ host: '127.0.0.1:7860', 'x-forwarded-host': 'draw.example.com' })).toBe(200);
    expect(await get({ host: '127.0.0.1:7860', 'x-forwarded-host': 'evil.example' })).toBe(403);
    // A page whose name points here may send what it likes, but for Host.
    expect(await get({ host: 'evil.example', 'x-forwarded-host': 'localhost' })).toBe(403);
  });
});

describe('over a real connection', () => {
  let port: number;
  beforeAll(async () => {
    const app = await keyless();
    await app.listen({ host: '127.0.0.1', port: 0 });
    port = (app.server.address() as AddressInfo).port;
  });

  /** Status line and headers of an answer to a request as it stands there. */
  const ask = async (...lines: readonly string[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1', () => socket.write([...lines, '', ''].join('\r\n')));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text.split(' ')[1]!;
  };

  test.each([
    ['200', ['GET /v1/generations HTTP/1.1', 'Host: localhost', 'Connection: close']],
    ['200', ['GET http://localhost/v1/generations HTTP/1.1', 'Host: localhost', 'Connection: close']],
    ['403', ['GET http://evil.example/v1/generations HTTP/1.1', 'Host: localhost', 'Connection: close']],
    ['403', ['GET http://localhost/v1/generations HTTP/1.1', 'Host: evil.example', 'Connection: close']],
    ['403', ['GET /v1/generations HTTP/1.0']],
    ['200', ['GET /livez HTTP/1.0']],
    ['400', ['GET /v1/generations HTTP/1.1', 'Connection: close']],
    // Of two Node keeps the first.
    ['400', ['GET /v1/generations HTTP/1.1', 'Host: localhost', 'Host: evil.example', 'Connection: close']],
    ['400', ['GET /livez HTTP/1.1', 'Host: localhost', 'hOST: localhost', 'Connection: close']],
    ['400', ['GET /nowhere HTTP/1.1', 'Host: localhost', 'Host: evil.example', 'Connection: close']],
    [
      '400',
      [
        'GET /v1/generations HTTP/1.1',
        'Host: a',
        'Authorization: Bearer a',
        'Authorization: Bearer b',
        'Connection: close',
      ],
    ],
    [
      '400',
      [
        'GET / HTTP/1.1',
        'Host: localhost',
        'Referer: http://localhost/',
        'Referer: http://evil.example/',
        'Connection: close',
      ],
    ],
    [
      '400',
      [
        'GET / HTTP/1.1',
        'Host: localhost',
        'Content-Type: text/plain',
        'Content-Type: application/json',
        'Connection: close',
      ],
    ],
    ['200', ['GET /v1/generations HTTP/1.1', 'Host: localhost', 'Accept: */*', 'Accept: */*', 'Connection: close']],
  ])('%s: %j', async (status, lines) => {
    expect(await ask(...lines)).toBe(status);
  });

  test('a WebSocket of a foreign page is refused', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket', origin: 'https://evil.example' };
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest({ port, path: '/v1/generations', headers });
      request.on('response', (response) => (response.resume(), resolve(response.statusCode)));
      request.on('upgrade', (_, socket) => (socket.destroy(), reject(new Error('It was upgraded.'))));
      request.on('error', reject).end();
    });
    expect(status).toBe(403);
  });
});

describe('the monitoring of a worker', () => {
  const build = async (loopback: boolean) =>
    await buildMonitoringApp({
      ...application.parts,
      metrics: createMetrics({ version: '0.0.0', role: 'worker' }),
      loopback,
    });

  test.each<readonly [boolean, Headers, number]>([
    [true, { host: '127.0.0.1:9100' }, 200],
    [true, { host: 'localhost' }, 200],
    [true, { host: 'evil.example' }, 403],
    [true, { origin: 'https://evil.example' }, 403],
    [true, page('cross-site', 'no-cors', 'script'), 403],
    [false, { host: '10.1.2.3:9100' }, 200],
    [false, { host: 'worker-0.workers' }, 200],
  ])('on loopback (%j) answers a request with %j: %d', async (loopback, headers, status) => {
    const app = await build(loopback);
    const metrics = await app.inject({ url: '/metrics', headers });
    expect(metrics.statusCode).toBe(status);
    expect(metrics.headers['cross-origin-resource-policy']).toBe('same-origin');
    expect((await app.inject({ url: '/livez', headers })).statusCode).toBe(200);
    await app.close();
  });
});
