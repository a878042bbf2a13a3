import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import { Hub } from '../../../src/models/pull/hub.ts';
import { pullModel } from '../../../src/models/pull/pull.ts';
import { readTarget } from '../../../src/models/pull/target.ts';
import { hubServer } from './hub-server.ts';
import { annotatorEntry, controlNet, failure, newPulls, text, weights } from './pulls.ts';

const pulls = newPulls();

describe('what is refused', () => {
  it('is a file whose hash is not the announced one; it is deleted', async () => {
    const { pull } = await pulls.open({ files: controlNet, announced: 'a'.repeat(64) });
    const error = await failure(pull());
    expect(error).toMatchObject({ code: 'fetch_failed' });
    expect(error.message).toMatch(/expected the hash a{64} but received [0-9a-f]{64}/);
    const left = await readdir(join(pulls.folder, '.my-model.partial'));
    expect(left.filter((name) => name.includes('safetensors.part') && !name.endsWith('.json'))).toEqual([]);
    expect(await readdir(pulls.folder)).toEqual(['.my-model.partial']);
  });

  it('is a small file that is not the blob that git knows', async () => {
    const { pull } = await pulls.open({
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
    const { pull } = await pulls.open({ files: { 'net.onnx': weights(2000, 5) } });
    const entry = annotatorEntry([{ path: 'net.onnx', sha256: 'b'.repeat(64) }]);
    expect((await failure(pull({ entry }))).message).toMatch(/than in the catalog/);
  });

  it.each(['model.bin', 'model.pth', 'model.ckpt', 'model.pt', 'model.pkl'])('is %s, a pickle', async (file) => {
    const { pull, server } = await pulls.open({ files: { [file]: weights(2000, 6) } });
    const error = await failure(pull({ file }));
    expect([error.code, /can run code/.test(error.message)]).toEqual(['model_invalid', true]);
    expect(server.asked()).toEqual([]);
  });

  it('is a repository of pickles, one of nothing, and one of several models', async () => {
    const pickles = await pulls.open({ files: { 'config.json': text('{}'), 'model.pth': weights(2000, 7) } });
    expect((await failure(pickles.pull())).message).toMatch(/has pickles only/);
    const nothing = await pulls.open({ files: { 'README.md': text('#') } });
    expect((await failure(nothing.pull())).message).toMatch(/no \.safetensors/);
    const several = await pulls.open({
      files: { 'a.safetensors': weights(2000, 8), 'b.safetensors': weights(2000, 9) },
    });
    expect((await failure(several.pull())).choices).toEqual(['a.safetensors', 'b.safetensors']);
  });

  it('is a path that would lead out of the folder', async () => {
    const { pull } = await pulls.open({
      files: { 'model_index.json': text('{}'), 'unet/../../../x.json': text('{}') },
    });
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
    const error = await failure(pullModel(client, target, { folder: pulls.folder, variant: null, conditions: [] }));
    expect(error.code).toBe('fetch_refused');
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('is a second pull of the same beside the first', async () => {
    const { pull } = await pulls.open({ files: controlNet });
    await mkdir(join(pulls.folder, '.my-model.partial'));
    await writeFile(join(pulls.folder, '.my-model.partial', '.lock'), String(process.ppid));
    expect((await failure(pull())).code).toBe('conflict');
    // A process that is gone holds nothing.
    await writeFile(join(pulls.folder, '.my-model.partial', '.lock'), '999999999');
    await pull();
  });

  it('is more than fits on the disk, before anything is fetched', async () => {
    const { pull, server } = await pulls.open({
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
