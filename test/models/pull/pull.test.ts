import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import type { CatalogEntry } from '../../../src/models/pull/catalog.ts';
import { Hub } from '../../../src/models/pull/hub.ts';
import { type Pulled, type PullOptions, pullModel } from '../../../src/models/pull/pull.ts';
import { type PullTarget, readTarget } from '../../../src/models/pull/target.ts';
import { commit, type HubContents, type HubServer, hubServer, sendCut } from './hub-server.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'armature-pull-'))));
afterEach(async () => await rm(folder, { recursive: true }));

/** Bytes that differ everywhere, so that a wrong offset shows. */
function weights(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 255);
}

const text = (value: string): Uint8Array => Buffer.from(value);

const controlNet: Readonly<Record<string, Uint8Array>> = {
  'README.md': text('# A model'),
  'config.json': text('{"_class_name": "ControlNetModel"}'),
  'diffusion_pytorch_model.bin': weights(3000, 9),
  'diffusion_pytorch_model.safetensors': weights(200_000, 1),
  'diffusion_pytorch_model.fp16.safetensors': weights(100_000, 2),
};

interface Run {
  readonly server: HubServer;
  readonly waits: number[];
  readonly pull: (target?: Partial<PullTarget>, options?: Partial<PullOptions>) => Promise<Pulled>;
}

async function open(contents: HubContents, token: string | null = null): Promise<Run> {
  const server = await hubServer(contents);
  const waits: number[] = [];
  const fetcher = createFetcher({ allow: [server.hub.host, server.elsewhere.host] });
  const wait = async (ms: number): Promise<void> => void waits.push(ms);
  const hub = new Hub({ fetcher, address: server.hub.origin, token, wait });
  const target = { id: 'my-model', repo: 'some/model', revision: 'main', file: null, entry: null };
  const pull: Run['pull'] = async (changes, options) =>
    await pullModel(hub, { ...target, ...changes }, { folder, variant: null, conditions: ['canny'], ...options });
  return { server, waits, pull };
}

async function failure(work: Promise<unknown>): Promise<ArmatureError> {
  return await work.then(
    () => Promise.reject(new Error('Expected a failure but it went well')),
    (error: unknown) => (error instanceof ArmatureError ? error : Promise.reject(error)),
  );
}

const read = async (...path: string[]): Promise<Uint8Array> => await readFile(join(folder, ...path));

describe('a pull', () => {
  it('brings the files of a ControlNet, the weights in half precision, by way of another server', async () => {
    const { pull, server } = await open({ files: controlNet });
    const seen: number[] = [];
    const pulled = await pull({}, { onProgress: ({ received }) => void seen.push(received) });
    expect(pulled).toMatchObject({ folder: join(folder, 'my-model'), commit, already: false });
    const names = (await readdir(pulled.folder)).toSorted();
    expect(names).toEqual(['.armature-pull.json', 'config.json', 'diffusion_pytorch_model.fp16.safetensors']);
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
    const source = JSON.parse(Buffer.from(await read('my-model', '.armature-pull.json')).toString()) as object;
    expect(source).toMatchObject({ hub: server.hub.origin, repo: 'some/model', revision: commit });
    expect(await readdir(folder)).toEqual(['my-model']);
    expect(seen.at(-1)).toBe(controlNet[half]!.length + controlNet['config.json']!.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('takes every file from the commit that the branch stood for at first', async () => {
    const { pull, server } = await open({ files: controlNet });
    await pull();
    const resolved = server.asked().filter((line) => line.includes('/resolve/'));
    expect(resolved[0]).toBe('HEAD /some/model/resolve/main/config.json');
    expect(resolved.slice(1).every((line) => line.includes(`/resolve/${commit}/`))).toBe(true);
  });

  it('takes full precision where that is wanted', async () => {
    const { pull } = await open({ files: controlNet });
    const { files } = await pull({}, { variant: 'full' });
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'diffusion_pytorch_model.safetensors']);
  });

  it('puts one file of a repository directly into its folder', async () => {
    const { pull } = await open({ files: { 'deep/down/edges v1.safetensors': weights(5000, 3) } });
    await pull({ id: 'edges', file: 'deep/down/edges v1.safetensors' });
    expect((await readdir(join(folder, 'edges'))).toSorted()).toEqual([
      '.armature-pull.json',
      'armature.json',
      'edges v1.safetensors',
    ]);
  });

  it('that was done is not done again', async () => {
    const { pull, server } = await open({ files: controlNet });
    await pull();
    const requests = server.asked().length;
    expect((await pull()).already).toBe(true);
    expect(server.asked()).toHaveLength(requests);
  });

  it('of the catalog says what a ControlNet is for, and its title and licence', async () => {
    const entry: CatalogEntry = {
      id: 'my-canny',
      title: 'My edges',
      kind: 'controlnet',
      repo: 'some/model',
      revision: 'main',
      files: null,
      variant: 'fp16',
      bytes: 100_000,
      licence: 'OpenRAIL',
      family: 'sd1',
      type: 'canny',
    };
    const { pull } = await open({ files: controlNet });
    await pull({ id: entry.id, entry });
    const manifest = JSON.parse(Buffer.from(await read('my-canny', 'armature.json')).toString()) as object;
    expect(manifest).toEqual({
      schema: 1,
      id: 'my-canny',
      title: 'My edges',
      licence: 'OpenRAIL',
      controlnets: [{ path: '.', type: 'canny' }],
    });
    await pull({ id: 'unknown-type', entry: { ...entry, type: 'lidar' } });
    expect(Buffer.from(await read('unknown-type', 'armature.json')).toString()).not.toContain('controlnets');
  });

  it('of an annotator goes to the annotators', async () => {
    const entry: CatalogEntry = {
      id: 'deep',
      title: 'Depth',
      kind: 'annotator',
      repo: 'some/model',
      revision: 'main',
      variant: 'full',
      files: [{ path: 'config.json' }, { path: 'onnx/model.onnx' }],
      bytes: 1,
      licence: 'MIT',
      family: null,
      annotator: { schema: 1, output: { range: [0, 1] } },
    };
    const { pull } = await open({ files: { 'config.json': text('{}'), 'onnx/model.onnx': weights(2000, 4) } });
    await pull({ id: entry.id, entry });
    expect(await read('annotators', 'deep', 'onnx', 'model.onnx')).toHaveLength(2000);
    expect((await readdir(join(folder, 'annotators', 'deep'))).includes('armature.json')).toBe(false);
    const said = await read('annotators', 'deep', 'annotator.json');
    expect(JSON.parse(said.toString())).toEqual(entry.annotator);
  });
});

describe('a pull of ONNX', () => {
  it('that the catalog does not know goes to the annotators too, with its settings', async () => {
    const { pull } = await open({
      files: { 'onnx/model_q.onnx': weights(2000, 4), 'onnx/model.onnx': weights(3000, 4), 'config.json': text('{}') },
    });
    await pull({ id: 'net', file: 'onnx/model_q.onnx' });
    expect(await read('annotators', 'net', 'onnx', 'model_q.onnx')).toHaveLength(2000);
    expect((await readdir(join(folder, 'annotators', 'net'))).toSorted()).toEqual([
      '.armature-pull.json',
      'config.json',
      'onnx',
    ]);
    expect((await pull({ id: 'net', file: 'onnx/model_q.onnx' })).already).toBe(true);
  });
});

describe('a connection that is cut', () => {
  it('is opened again where it ended', async () => {
    let cuts = 0;
    const { pull, server, waits } = await open({
      files: controlNet,
      firstElsewhere: (request, response, bytes) => {
        if (cuts === 3) return false;
        cuts += 1;
        sendCut(request, response, bytes, 20_000);
        return true;
      },
    });
    await pull();
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
    const ranges = server.elsewhere.requests.map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
    expect(server.elsewhere.requests).toHaveLength(4);
    // Each brought something: the waits do not grow.
    expect(waits).toEqual([1000, 1000, 1000]);
  });

  it('and stays cut ends the pull; the next one goes on with what has come', async () => {
    let broken = true;
    const { pull, server, waits } = await open({
      files: controlNet,
      firstElsewhere: (request, response, bytes) => {
        if (!broken) return false;
        if (request.headers.range === undefined) sendCut(request, response, bytes, 30_000);
        else response.destroy();
        return true;
      },
    });
    expect((await failure(pull())).code).toBe('fetch_failed');
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
    const part = join(folder, '.my-model.partial', 'diffusion_pytorch_model.fp16.safetensors.part');
    const { size } = await stat(part);
    expect(size).toBeGreaterThan(0);
    broken = false;
    server.elsewhere.requests.length = 0;
    await pull();
    expect(server.elsewhere.requests.map(({ headers }) => headers.range)).toEqual([`bytes=${size}-`]);
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
    expect(await readdir(join(folder, 'my-model'))).not.toContain(`${half}.part.json`);
  });

  it('starts anew where the server knows no ranges', async () => {
    let first = true;
    const { pull } = await open({
      files: controlNet,
      firstElsewhere: (request, response, bytes) => {
        if (first) sendCut(request, response, bytes, 20_000);
        else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
        first = false;
        return true;
      },
    });
    await pull();
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
  });

  it('starts anew where the file became another in between', async () => {
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    const files: Record<string, Uint8Array> = { ...controlNet };
    let broken = true;
    const { pull, server } = await open({
      files,
      firstElsewhere: (request, response, bytes) => {
        if (!broken) return false;
        sendCut(request, response, bytes, request.headers.range === undefined ? 30_000 : 0);
        return true;
      },
    });
    await failure(pull());
    broken = false;
    files[half] = weights(100_000, 77);
    server.elsewhere.requests.length = 0;
    await pull();
    expect(server.elsewhere.requests.map(({ headers }) => headers.range)).toEqual([undefined]);
    expect(await read('my-model', half)).toEqual(Buffer.from(files[half]));
  });
});

describe('what is refused', () => {
  it('is a file whose hash is not the announced one; it is deleted', async () => {
    const { pull } = await open({ files: controlNet, announced: 'a'.repeat(64) });
    const error = await failure(pull());
    expect(error).toMatchObject({ code: 'fetch_failed' });
    expect(error.message).toMatch(/expected the hash a{64} but received [0-9a-f]{64}/);
    const left = await readdir(join(folder, '.my-model.partial'));
    expect(left.filter((name) => name.includes('safetensors.part') && !name.endsWith('.json'))).toEqual([]);
    expect(await readdir(folder)).toEqual(['.my-model.partial']);
  });

  it('is a small file that is not the blob that git knows', async () => {
    const { pull } = await open({
      files: controlNet,
      first: (request, response) => {
        if (request.method !== 'GET' || !request.url?.endsWith('/config.json')) return false;
        response.end('x'.repeat(controlNet['config.json']!.length));
        return true;
      },
    });
    expect((await failure(pull())).message).toMatch(/config\.json of some\/model is not what the hub announced/);
  });

  it('is a file whose hash the catalog knows otherwise', async () => {
    const { pull } = await open({ files: { 'net.onnx': weights(2000, 5) } });
    const entry: CatalogEntry = {
      id: 'deep',
      title: 'Depth',
      kind: 'annotator',
      repo: 'some/model',
      revision: 'main',
      variant: 'full',
      files: [{ path: 'net.onnx', sha256: 'b'.repeat(64) }],
      bytes: 1,
      licence: 'MIT',
      family: null,
    };
    expect((await failure(pull({ entry }))).message).toMatch(/than in the catalog/);
  });

  it.each(['model.bin', 'model.pth', 'model.ckpt', 'model.pt', 'model.pkl'])('is %s, a pickle', async (file) => {
    const { pull, server } = await open({ files: { [file]: weights(2000, 6) } });
    const error = await failure(pull({ file }));
    expect([error.code, /can run code/.test(error.message)]).toEqual(['model_invalid', true]);
    expect(server.asked()).toEqual([]);
  });

  it('is a repository of pickles, one of nothing, and one of several models', async () => {
    const pickles = await open({ files: { 'config.json': text('{}'), 'model.pth': weights(2000, 7) } });
    expect((await failure(pickles.pull())).message).toMatch(/has pickles only/);
    const nothing = await open({ files: { 'README.md': text('#') } });
    expect((await failure(nothing.pull())).message).toMatch(/no \.safetensors/);
    const several = await open({ files: { 'a.safetensors': weights(2000, 8), 'b.safetensors': weights(2000, 9) } });
    expect((await failure(several.pull())).choices).toEqual(['a.safetensors', 'b.safetensors']);
  });

  it('is a path that would lead out of the folder', async () => {
    const { pull } = await open({ files: { 'model_index.json': text('{}'), 'unet/../../../x.json': text('{}') } });
    // The folder of such a path is none that a pipeline has.
    expect((await pull()).files.map(({ path }) => path)).toEqual(['model_index.json']);
    expect(() => readTarget('some/model:../x.safetensors', [])).toThrow(/owner\/name/);
    expect(() => readTarget('some/model:/etc/x.safetensors', [])).toThrow(/owner\/name/);
  });

  it('is a redirect to where nobody may be asked', async () => {
    const { hub, elsewhere } = await hubServer({ files: controlNet });
    const fetcher = createFetcher({ allow: [hub.host] });
    const client = new Hub({ fetcher, address: hub.origin, token: null });
    const target = { id: 'x', repo: 'some/model', revision: 'main', file: null, entry: null };
    const error = await failure(pullModel(client, target, { folder, variant: null, conditions: [] }));
    expect(error.code).toBe('fetch_refused');
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('is a second pull of the same beside the first', async () => {
    const { pull } = await open({ files: controlNet });
    await mkdir(join(folder, '.my-model.partial'));
    await writeFile(join(folder, '.my-model.partial', '.lock'), String(process.ppid));
    expect((await failure(pull())).code).toBe('conflict');
    // A process that is gone holds nothing.
    await writeFile(join(folder, '.my-model.partial', '.lock'), '999999999');
    await pull();
  });

  it('is more than fits on the disk, before anything is fetched', async () => {
    const { pull, server } = await open({
      files: controlNet,
      first: (request, response) => {
        if (request.method !== 'HEAD' || !request.url?.includes('fp16')) return false;
        response.writeHead(302, { 'x-linked-size': '900000000000000', 'x-linked-etag': `"${'a'.repeat(64)}"` }).end();
        return true;
      },
    });
    expect((await failure(pull())).code).toBe('storage_full');
    expect(server.asked().filter((line) => line.startsWith('GET') && line.includes('/resolve/'))).toEqual([]);
  });
});

describe('a hub', () => {
  it('gets the token, and the server that it sends us on to does not', async () => {
    const { pull, server } = await open({ files: controlNet }, 'hf_secret');
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
    const { pull, waits } = await open({
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
    const { pull, waits } = await open({
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
    const { pull, waits } = await open({
      files: controlNet,
      first: (_request, response) => response.writeHead(503).end().destroyed || true,
    });
    const error = await failure(pull());
    expect(error.message).toMatch(/503.*try again later/);
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
  });

  it('lists its files in pages', async () => {
    const { pull, server } = await open({
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
    const { pull } = await open({
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
        .update(await read('my-model', 'net.safetensors'))
        .digest('hex'),
    ).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});
