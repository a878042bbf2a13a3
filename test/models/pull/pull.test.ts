import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelCatalog } from '../../../src/config/package-files.ts';
import { openLibrary } from '../../../src/models/library.ts';
import { type CatalogEntry, readCatalog } from '../../../src/models/pull/catalog.ts';
import { goldenPath } from '../../support/golden.ts';
import { commit } from './hub-server.ts';
import { annotatorEntry, controlNet, newPulls, text, weights } from './pulls.ts';

const pulls = newPulls();

describe('a pull', () => {
  it('brings the files of a ControlNet, the weights in half precision, by way of another server', async () => {
    const { pull, server } = await pulls.open({ files: controlNet });
    const seen: number[] = [];
    const pulled = await pull({}, { onProgress: ({ received }) => void seen.push(received) });
    expect(pulled).toMatchObject({ folder: join(pulls.folder, 'my-model'), commit, already: false });
    const names = (await readdir(pulled.folder)).toSorted();
    expect(names).toEqual(['.armature-pull.json', 'config.json', 'diffusion_pytorch_model.fp16.safetensors']);
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await pulls.read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
    const source = JSON.parse(Buffer.from(await pulls.read('my-model', '.armature-pull.json')).toString()) as object;
    expect(source).toMatchObject({ hub: server.hub.origin, repo: 'some/model', revision: commit });
    expect(await readdir(pulls.folder)).toEqual(['my-model']);
    expect(seen.at(-1)).toBe(controlNet[half]!.length + controlNet['config.json']!.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('takes every file from the commit that the branch stood for at first', async () => {
    const { pull, server } = await pulls.open({ files: controlNet });
    await pull();
    const resolved = server.asked().filter((line) => line.includes('/resolve/'));
    expect(resolved[0]).toBe('HEAD /some/model/resolve/main/config.json');
    expect(resolved.slice(1).every((line) => line.includes(`/resolve/${commit}/`))).toBe(true);
  });

  it('takes full precision where that is wanted', async () => {
    const { pull } = await pulls.open({ files: controlNet });
    const { files } = await pull({}, { variant: 'full' });
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'diffusion_pytorch_model.safetensors']);
  });

  it('puts one file of a repository directly into its folder', async () => {
    const { pull } = await pulls.open({ files: { 'deep/down/edges v1.safetensors': weights(5000, 3) } });
    await pull({ id: 'edges', file: 'deep/down/edges v1.safetensors' });
    expect((await readdir(join(pulls.folder, 'edges'))).toSorted()).toEqual([
      '.armature-pull.json',
      'armature.json',
      'edges v1.safetensors',
    ]);
  });

  it('that was done is not done again', async () => {
    const { pull, server } = await pulls.open({ files: controlNet });
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
    const { pull } = await pulls.open({ files: controlNet });
    await pull({ id: entry.id, entry });
    const manifest = JSON.parse(Buffer.from(await pulls.read('my-canny', 'armature.json')).toString()) as object;
    expect(manifest).toEqual({
      schema: 1,
      id: 'my-canny',
      title: 'My edges',
      licence: 'OpenRAIL',
      controlnets: [{ path: '.', type: 'canny' }],
    });
    await pull({ id: 'unknown-type', entry: { ...entry, type: 'lidar' } });
    expect(Buffer.from(await pulls.read('unknown-type', 'armature.json')).toString()).not.toContain('controlnets');
  });

  it('of a LoRA for few steps says how it was distilled, which the library reads', async () => {
    const file = 'pytorch_lora_weights.safetensors';
    const entry = (await readCatalog(modelCatalog)).find(({ id }) => id === 'lcm-lora-sd15')!;
    const { pull } = await pulls.open({
      files: { [file]: await readFile(goldenPath('formats', 'lora-kohya.safetensors')) },
    });
    await pull({ id: entry.id, entry });
    const { loras } = await (await openLibrary([pulls.folder], { conditions: [] })).list();
    expect(loras).toMatchObject([{ id: entry.id, title: entry.title, licence: entry.licence, distilled: 'lcm' }]);
  });

  it('of an annotator goes to the annotators', async () => {
    const files = [{ path: 'config.json' }, { path: 'onnx/model.onnx' }];
    const entry = { ...annotatorEntry(files), annotator: { schema: 1, output: { range: [0, 1] } } };
    const { pull } = await pulls.open({ files: { 'config.json': text('{}'), 'onnx/model.onnx': weights(2000, 4) } });
    await pull({ id: entry.id, entry });
    expect(await pulls.read('annotators', 'deep', 'onnx', 'model.onnx')).toHaveLength(2000);
    expect((await readdir(join(pulls.folder, 'annotators', 'deep'))).includes('armature.json')).toBe(false);
    const said = await pulls.read('annotators', 'deep', 'annotator.json');
    expect(JSON.parse(said.toString())).toEqual(entry.annotator);
  });
});

describe('a pull of ONNX', () => {
  it('that the catalog does not know goes to the annotators too, with its settings', async () => {
    const { pull } = await pulls.open({
      files: { 'onnx/model_q.onnx': weights(2000, 4), 'onnx/model.onnx': weights(3000, 4), 'config.json': text('{}') },
    });
    await pull({ id: 'net', file: 'onnx/model_q.onnx' });
    expect(await pulls.read('annotators', 'net', 'onnx', 'model_q.onnx')).toHaveLength(2000);
    expect((await readdir(join(pulls.folder, 'annotators', 'net'))).toSorted()).toEqual([
      '.armature-pull.json',
      'config.json',
      'onnx',
    ]);
    expect((await pull({ id: 'net', file: 'onnx/model_q.onnx' })).already).toBe(true);
  });
});
