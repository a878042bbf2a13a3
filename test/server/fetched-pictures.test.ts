import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetcher, type Fetcher } from '../../src/fetch/fetcher.ts';
import { localServer, type LocalServer } from '../fetch/local-server.ts';
import { type Application, openApplication, pictureFile } from './application.ts';

let application: Application;
let picture: Buffer;
beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile('png', 64, 64);
});
afterAll(async () => await application.close());

/** An app that may ask a server of pictures, and that server. */
async function serving(answer = (response: ServerResponse): unknown => response.end(picture)) {
  const server = await localServer((_request, response) => answer(response));
  const fetcher = createFetcher({ allow: [server.host] });
  return { server, fetcher, app: await application.rebuild({ fetcher }) };
}

const urlOf = ({ origin }: LocalServer, name: string | number): { readonly url: string } => ({
  url: `${origin}/${name}`,
});

/** Tells how many bytes of each answer were handed over. */
function watched(fetcher: Fetcher, onRead: (url: string, bytes: number) => void): Fetcher {
  const openStream: Fetcher['openStream'] = async (url, options) => {
    const stream = await fetcher.openStream(url, options);
    return { ...stream, body: tellChunks(stream.body, (bytes) => onRead(url, bytes)) };
  };
  return { ...fetcher, openStream };
}

async function* tellChunks(body: AsyncIterable<Uint8Array>, onChunk: (bytes: number) => void) {
  for await (const chunk of body) {
    yield chunk;
    onChunk(chunk.length);
  }
}

describe('a picture by URL', () => {
  test('is not fetched for a request that is refused anyway', async () => {
    const { server, app } = await serving();
    const image = urlOf(server, 'a.png');
    const canny = { type: 'canny', image };
    const upload = { type: 'canny', image: { upload_id: 'upl_none' } };
    const refused: readonly object[] = [
      { controls: [{ type: 'none', image }] },
      { controls: [canny], model: 'none' },
      { controls: [canny], steps: 0 },
      { controls: [{ ...canny, model: 'none' }] },
      { controls: [{ ...canny, preprocess: { low: 1 } }] },
      { controls: [{ ...canny, start: 0.9, end: 0.1 }] },
      { controls: [canny], clip_skip: 99 },
      { controls: [canny, upload] },
      { controls: [canny, { type: 'canny', image: { data: 'bm90IGEgcGljdHVyZQ==' } }] },
      { controls: [canny, { type: 'canny', image: { part: 'missing' } }] },
      { controls: [{ ...canny, mask: { generation: 'gen_none', output: 0 } }] },
      { controls: [{ type: 'inpaint', image: { picture: image, mask: { upload_id: 'upl_none' } } }] },
      { controls: [canny], webhook: { url: 'http://10.0.0.1/' } },
    ];
    for (const fields of refused) {
      const payload = { prompt: 'x', ...fields };
      const single = await app.inject({ method: 'POST', url: '/v1/generations', payload });
      expect(single.statusCode, JSON.stringify(fields)).toBeGreaterThanOrEqual(400);
      const items = [{ prompt: 'x', controls: [canny] }, payload];
      const batch = await app.inject({ method: 'POST', url: '/v1/batches', payload: { items } });
      expect(batch.statusCode, JSON.stringify(fields)).toBeGreaterThanOrEqual(400);
      expect(batch.json<{ errors: unknown[] }>().errors).toHaveLength(1);
    }
    for (const [path, payload] of [
      ['/v1/conditions/none', { image }],
      ['/v1/conditions/canny', { image, options: { low: 1 } }],
      ['/v1/conditions/canny', { image, resolution: 1 }],
      ['/v1/conditions/canny', { image, webhook: { url: 'http://10.0.0.1/' } }],
    ] as const) {
      const response = await app.inject({ method: 'POST', url: path, payload });
      expect(response.statusCode, path).toBeGreaterThanOrEqual(400);
    }
    expect(server.requests).toHaveLength(0);
    const good = await app.inject({
      method: 'POST',
      url: '/v1/generations',
      payload: { prompt: 'x', controls: [canny] },
    });
    expect(good.statusCode).toBe(202);
    expect(server.requests).toHaveLength(1);
  });

  test('names its own place when it cannot be had, in each item of a batch', async () => {
    const { server, app } = await serving((response) => response.writeHead(404).end());
    const item = { prompt: 'x', controls: [{ type: 'canny', image: urlOf(server, 'a.png') }] };
    const single = await app.inject({ method: 'POST', url: '/v1/generations', payload: item });
    expect(single.json()).toMatchObject({ code: 'fetch_failed', field: 'controls[0].image.url' });
    const other = {
      prompt: 'x',
      controls: [{ type: 'canny', image: { data: picture.toString('base64') }, mask: urlOf(server, 'a.png') }],
    };
    const batch = await app.inject({ method: 'POST', url: '/v1/batches', payload: { items: [item, other] } });
    expect(batch.json()).toMatchObject({
      errors: [{ field: 'items[0].controls[0].image.url' }, { field: 'items[1].controls[0].mask.url' }],
    });
    expect(server.requests).toHaveLength(2);
  });

  test('comes a few at a time, of one tenant and of all', async () => {
    const open = new Set<ServerResponse>();
    let most = 0;
    const { server, app } = await serving((response) => {
      open.add(response);
      most = Math.max(most, open.size);
      setImmediate(() => {
        open.delete(response);
        response.end(picture);
      });
    });
    const controls = Array.from({ length: 8 }, (_, i) => ({
      type: 'canny',
      image: urlOf(server, `${i}.png`),
      mask: urlOf(server, `mask-${i}.png`),
    }));
    const requests = [1, 2, 3].map(
      async () => await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x', controls } }),
    );
    for (const response of await Promise.all(requests)) expect(response.statusCode).toBe(202);
    expect(server.requests.length).toBeGreaterThanOrEqual(16);
    expect(most).toBeLessThanOrEqual(2);
  });

  test('is waited for longer than a connection may be silent', async () => {
    const waiting: ServerResponse[] = [];
    let silent = 0;
    const server = await localServer((_request, response) => void waiting.push(response));
    const { settings } = application.parts;
    const app = await application.rebuild({
      fetcher: createFetcher({ allow: [server.host] }),
      settings: { ...settings, limits: { ...settings.limits, silenceMs: 100 } },
    });
    app.server.on('request', (_request, answer: ServerResponse) => {
      answer.on('timeout', () => {
        silent += 1;
        if (silent === 3) for (const response of waiting) response.end(picture);
      });
    });
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${address}/v1/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'x', controls: [{ type: 'canny', image: urlOf(server, 'slow.png') }] }),
    });
    expect(response.status).toBe(202);
    expect(silent).toBeGreaterThanOrEqual(3);
  });

  test('is not brought in any more when another of its request could not be', async () => {
    const { server, app } = await serving((response) => response.writeHead(404).end());
    const controls = Array.from({ length: 8 }, (_, i) => ({ type: 'canny', image: urlOf(server, `${i}.png`) }));
    const response = await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x', controls } });
    expect(response.json()).toMatchObject({ code: 'fetch_failed', field: 'controls[0].image.url' });
    // Two are on their way at the same time, and a third may begin when the first has failed.
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  test('counts in the memory for bodies: what does not fit beside others is refused, what is alone passes', async () => {
    const large = Buffer.concat([picture, Buffer.alloc(3 * 2 ** 20)]);
    const held: ServerResponse[] = [];
    let read = 0;
    const server = await localServer((request, response) => {
      if (request.url === '/slow.png') {
        // All but its end.
        response.write(large, () => held.push(response));
      } else response.end(large);
    });
    const { settings } = application.parts;
    const app = await application.rebuild({
      fetcher: watched(createFetcher({ allow: [server.host] }), (url, bytes) => {
        if (url.endsWith('/slow.png')) read += bytes;
      }),
      settings: { ...settings, load: { ...settings.load, bodyMemory: 4 * 2 ** 20 } },
    });
    const submit = async (...names: readonly string[]) =>
      await app.inject({
        method: 'POST',
        url: '/v1/generations',
        payload: { prompt: 'x', controls: names.map((name) => ({ type: 'canny', image: urlOf(server, name) })) },
      });
    // Three pictures of three fourths of the memory, one after another.
    expect((await submit('1.png')).statusCode).toBe(202);
    expect((await submit('2.png', '3.png', '4.png')).statusCode).toBe(202);
    const slow = submit('slow.png');
    // Another one meanwhile would take what it still has to read.
    await expect.poll(() => read, { timeout: 30_000 }).toBe(large.length);
    expect((await submit('5.png')).json()).toMatchObject({ code: 'overloaded' });
    expect((await submit('6.png')).json()).toMatchObject({ code: 'overloaded' });
    held[0]!.end();
    expect((await slow).statusCode).toBe(202);
    expect((await submit('7.png')).statusCode).toBe(202);
  });

  test('leaves its request where it counts when the client goes away meanwhile', async () => {
    const held: ServerResponse[] = [];
    const server = await localServer((_request, response) => held.push(response));
    const { settings } = application.parts;
    const app = await application.rebuild({
      fetcher: createFetcher({ allow: [server.host] }),
      settings: { ...settings, load: { ...settings.load, bodyMemory: 4 * 2 ** 20 } },
    });
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const submit = async (fields: object, signal: AbortSignal | null = null) =>
      await fetch(`${address}/v1/generations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'x', ...fields }) + ' '.repeat(3 * 2 ** 20),
        signal,
      });
    const leaving = new AbortController();
    const left = submit({ controls: [{ type: 'canny', image: urlOf(server, 'slow.png') }] }, leaving.signal);
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    const connections = async () =>
      await new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)));
    leaving.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
    expect((await submit({})).status).toBe(503);
    held[0]!.end(picture);
    await expect.poll(async () => (await submit({})).status, { timeout: 10_000 }).toBe(202);
  });
});
