import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sendCut } from './hub-server.ts';
import { controlNet, failure, newPulls, weights } from './pulls.ts';

const pulls = newPulls();

describe('a hub', () => {
  it('gets the token, and the server that it sends us on to does not', async () => {
    const { pull, server } = await pulls.open({ files: controlNet }, 'hf_secret');
    await pull();
    expect(server.hub.requests.every(({ headers }) => headers.authorization === 'Bearer hf_secret')).toBe(true);
    expect(server.elsewhere.requests.some(({ headers }) => 'authorization' in headers)).toBe(false);
  });

  it.each([
    [401, {}, 'fetch_failed', /ARMATURE_HUB_TOKEN/],
    [403, { 'x-error-code': 'GatedRepo' }, 'fetch_failed', /terms have to be accepted/],
    [404, {}, 'unknown_model', /has no some\/model/],
    [404, { 'x-error-code': 'RevisionNotFound' }, 'unknown_model', /no that revision of some\/model|that revision/],
  ])('that answers %i %j is asked once', async (status, headers, code, message) => {
    const { pull, waits } = await pulls.open({
      files: controlNet,
      first: (_request, response) => response.writeHead(status, headers).end().destroyed || true,
    });
    const error = await failure(pull());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(waits).toEqual([]);
  });

  it.each([
    [429, '7', 7000],
    [503, '3', 3000],
    [503, '99999', 120_000],
    [502, undefined, 1000],
  ])('that answers %i with Retry-After %s is asked again after %i ms', async (status, after, ms) => {
    let refusals = 1;
    const { pull, waits } = await pulls.open({
      files: controlNet,
      first: (_request, response) => {
        if (refusals === 0) return false;
        refusals -= 1;
        response.writeHead(status, after === undefined ? {} : { 'retry-after': after }).end();
        return true;
      },
    });
    await pull();
    expect(waits).toEqual([ms]);
  });

  it('that has too much to do for long is given up', async () => {
    const { pull, waits } = await pulls.open({
      files: controlNet,
      first: (_request, response) => response.writeHead(503).end().destroyed || true,
    });
    const error = await failure(pull());
    expect(error.message).toMatch(/503.*try again later/);
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
  });

  it('lists its files in pages', async () => {
    const { pull, server } = await pulls.open({
      files: controlNet,
      first: (request, response) => {
        if (!request.url?.includes('/tree/')) return false;
        const second = request.url.includes('cursor=2');
        const row = (path: string): object => ({ type: 'file', path, size: 5 });
        const link = second ? {} : { link: `<http://${request.headers.host}${request.url}&cursor=2>; rel="next"` };
        const name = second ? 'diffusion_pytorch_model.safetensors' : 'config.json';
        response.writeHead(200, link).end(JSON.stringify([row(name)]));
        return true;
      },
    });
    expect((await pull()).files.map(({ path }) => path)).toEqual([
      'config.json',
      'diffusion_pytorch_model.safetensors',
    ]);
    expect(server.asked().filter((line) => line.includes('/tree/'))).toHaveLength(2);
  });

  it('without hashes is resumed by its ETag', async () => {
    const bytes = weights(100_000, 11);
    let broken = true;
    const ifRange: (string | undefined)[] = [];
    const { pull } = await pulls.open({
      files: {},
      first: (request, response) => {
        response.setHeader('etag', '"v1"');
        if (request.method === 'HEAD') {
          response.setHeader('content-length', bytes.length).end();
          return true;
        }
        ifRange.push(request.headers['if-range'] as string | undefined);
        if (broken) sendCut(request, response, bytes, 30_000);
        else sendCut(request, response, bytes, bytes.length);
        broken = false;
        return true;
      },
    });
    await pull({ file: 'net.safetensors' });
    expect(ifRange).toEqual([undefined, '"v1"']);
    expect(
      createHash('sha256')
        .update(await pulls.read('my-model', 'net.safetensors'))
        .digest('hex'),
    ).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});
