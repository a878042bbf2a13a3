import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import type { AnyModel } from '../../../src/generation/models/kinds.ts';
import type { CatalogEntry } from '../../../src/models/pull/catalog.ts';
import { collectLeftovers } from '../../../src/models/pull/collect.ts';
import { Hub } from '../../../src/models/pull/hub.ts';
import { pullModel } from '../../../src/models/pull/pull.ts';
import { pulledModelOf, type Removed, removePulled } from '../../../src/models/pull/remove.ts';
import { verifyPulled } from '../../../src/models/pull/verify.ts';
import { hubServer } from './hub-server.ts';

let folder: string;
let outside: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-removal-'));
  outside = await mkdtemp(join(tmpdir(), 'armature-outside-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await rm(outside, { recursive: true });
});

const files = {
  'unet/config.json': Buffer.from('{}'),
  'unet/diffusion_pytorch_model.safetensors': Buffer.alloc(5000, 7),
  'model_index.json': Buffer.from('{"unet": 1}'),
};
const weights = 'unet/diffusion_pytorch_model.safetensors';
const entry: CatalogEntry = {
  id: 'my-model',
  title: 'My model',
  kind: 'base',
  repo: 'some/model',
  revision: 'main',
  files: Object.keys(files).map((path) => ({ path })),
  variant: 'full',
  bytes: 5000,
  licence: 'MIT',
  family: 'sd1',
};

async function pull(): Promise<void> {
  const server = await hubServer({ files, repo: 'some/model' });
  const fetcher = createFetcher({ allow: [server.hub.host, server.elsewhere.host] });
  const hub = new Hub({ fetcher, address: server.hub.origin, token: null });
  const target = { id: 'my-model', repo: 'some/model', revision: 'main', file: null, entry };
  await pullModel(hub, target, { folder, variant: null, conditions: [] });
}

const inModel = (...path: readonly string[]): string => join(folder, 'my-model', ...path);

async function remove(): Promise<Removed> {
  return await removePulled(await pulledModelOf('my-model', undefined, [folder]));
}

async function states(): Promise<Readonly<Record<string, string>>> {
  const verified = await verifyPulled(await pulledModelOf('my-model', undefined, [folder]));
  return Object.fromEntries(verified.map(({ path, state }) => [path, state]));
}

describe('a model that was pulled', () => {
  it('is verified file by file', async () => {
    await pull();
    expect(await states()).toEqual({
      'unet/config.json': 'whole',
      [weights]: 'whole',
      'model_index.json': 'whole',
      'armature.json': 'whole',
    });
    await writeFile(inModel(weights), Buffer.alloc(5000, 8));
    await writeFile(inModel('armature.json'), '{"schema": 1}');
    await rm(inModel('model_index.json'));
    expect(await states()).toMatchObject({
      [weights]: 'changed',
      'model_index.json': 'missing',
      'armature.json': 'changed',
    });
  });

  it('is removed with its folder', async () => {
    await pull();
    expect(await remove()).toMatchObject({ files: 4, left: [] });
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves what others put there and what was changed', async () => {
    await pull();
    await writeFile(inModel('notes.txt'), 'mine');
    await writeFile(inModel('unet', 'mine.safetensors'), 'mine');
    await writeFile(inModel('armature.json'), '{"schema": 1, "title": "mine"}');
    expect(await remove()).toMatchObject({ files: 3, left: ['armature.json', 'notes.txt', 'unet'] });
    expect(await readdir(inModel('unet'))).toEqual(['mine.safetensors']);
    expect(await readFile(inModel('armature.json'), 'utf8')).toContain('mine');
  });

  it('leaves a link that has the name of a file, or of a folder, and what it leads to', async () => {
    await pull();
    await rename(inModel('unet'), join(outside, 'unet'));
    await symlink(join(outside, 'unet'), inModel('unet'));
    await rename(inModel('model_index.json'), join(outside, 'index'));
    await symlink(join(outside, 'index'), inModel('model_index.json'));
    expect(await remove()).toMatchObject({ files: 1, left: ['model_index.json', 'unet'] });
    expect((await readdir(outside, { recursive: true })).toSorted()).toEqual([
      'index',
      'unet',
      'unet/config.json',
      weights,
    ]);
  });

  it('leaves a file whose name is written in other letters', async () => {
    await pull();
    await rename(inModel(weights), inModel('unet', 'Diffusion_pytorch_model.safetensors'));
    expect(await remove()).toMatchObject({ left: ['unet'] });
    expect(await readdir(inModel('unet'))).toEqual(['Diffusion_pytorch_model.safetensors']);
  });
});

describe('a model that no pull has brought', () => {
  it('is not removed', async () => {
    await pull();
    for (const place of [join(folder, 'mine.safetensors'), inModel('mine.safetensors'), inModel('unet', 'mine')]) {
      const mine = { kind: 'lora', id: 'my-model', path: place } as unknown as AnyModel;
      await expect(pulledModelOf('my-model', mine, [folder])).rejects.toMatchObject({ code: 'conflict' });
    }
    const model = { kind: 'base', id: 'my-model', path: inModel() } as unknown as AnyModel;
    expect(await pulledModelOf('my-model', model, [folder])).toMatchObject({ folder: inModel() });
    await expect(pulledModelOf('mine', undefined, [folder])).rejects.toMatchObject({
      code: 'unknown_model',
      choices: ['my-model'],
    });
  });

  it('is one that is linked in, or that came with another', async () => {
    await pull();
    await rename(inModel(), join(outside, 'my-model'));
    await symlink(join(outside, 'my-model'), inModel());
    await expect(pulledModelOf('my-model', undefined, [folder])).rejects.toMatchObject({ code: 'unknown_model' });
    await rm(inModel());
    await rename(join(outside, 'my-model'), inModel());
    const part = { id: 'my-model-canny', path: inModel('canny'), bundledWith: 'my-model' } as unknown as AnyModel;
    await expect(pulledModelOf('my-model-canny', part, [folder])).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('what an interrupted pull has left', () => {
  async function leave(id: string, mark: boolean, lock?: number): Promise<void> {
    await mkdir(join(folder, `.${id}.partial`, 'unet'), { recursive: true });
    await writeFile(join(folder, `.${id}.partial`, 'unet', 'x.part'), Buffer.alloc(1000));
    if (mark) await writeFile(join(folder, `.${id}.partial`, '.armature-partial'), '');
    if (lock !== undefined) await writeFile(join(folder, `.${id}.partial`, '.lock'), String(lock));
  }

  it('goes, but not what is pulled just now, and what no pull has marked', async () => {
    await leave('old', true, 2 ** 22 + 1);
    await leave('now', true, process.ppid);
    await leave('mine', false);
    await leave('linked', true);
    await symlink(outside, join(folder, '.linked.partial', 'elsewhere'));
    expect(await collectLeftovers([folder])).toEqual([
      { folder: join(folder, '.old.partial'), bytes: expect.any(Number) },
    ]);
    expect((await readdir(folder)).toSorted()).toEqual(['.linked.partial', '.mine.partial', '.now.partial']);
  });
});
