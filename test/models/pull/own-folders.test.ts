import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import { Hub } from '../../../src/models/pull/hub.ts';
import { type Pulled, pullModel } from '../../../src/models/pull/pull.ts';
import type { PullTarget } from '../../../src/models/pull/target.ts';
import { hubServer } from './hub-server.ts';

let folder: string;
let outside: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-own-'));
  outside = await mkdtemp(join(tmpdir(), 'armature-outside-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await rm(outside, { recursive: true });
});

const weights = 'diffusion_pytorch_model.safetensors';
const files = { 'config.json': Buffer.from('{}'), [weights]: Buffer.alloc(5000, 7) };

async function pull(changes: Partial<PullTarget> = {}, first?: () => Promise<void>): Promise<Pulled> {
  const server = await hubServer({ files, repo: changes.repo ?? 'some/model' });
  const fetcher = createFetcher({ allow: [server.hub.host, server.elsewhere.host] });
  const hub = new Hub({ fetcher, address: server.hub.origin, token: null });
  const target = { id: 'my-model', repo: 'some/model', revision: 'main', file: null, entry: null, ...changes };
  const onFile = (): void => void first?.();
  return await pullModel(hub, target, { folder, variant: null, conditions: [], onFile });
}

async function refusal(work: Promise<unknown>): Promise<ArmatureError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArmatureError)) throw new Error(`Expected a refusal but received ${String(error)}`);
  return error;
}

/** Every file below a folder with what it holds. */
async function contents(place: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(place, { withFileTypes: true, recursive: true });
  const found = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(found.map(async (file) => [file, await readFile(file, 'utf8')] as const)),
  );
}

async function put(...path: readonly string[]): Promise<void> {
  await mkdir(join(folder, ...path, '..'), { recursive: true });
  await writeFile(join(folder, ...path), 'mine');
}

describe('what has the name of a model that is to be pulled', () => {
  it.each([
    ['a folder of its user', async () => await put('my-model', weights)],
    ['that folder in other letters', async () => await put('My-Model', weights)],
    ['one beside which there is one in other letters', async () => await put('MY-MODEL', 'notes.txt')],
    ['an empty folder', async () => await mkdir(join(folder, 'my-model'))],
    ['a file', async () => await put('my-model')],
    ['a folder among the annotators', async () => await put('annotators', 'my-model', 'model.onnx')],
    ['a link to a folder elsewhere', async () => await symlink(outside, join(folder, 'my-model'))],
    ['a link that leads nowhere', async () => await symlink('/absent/place', join(folder, 'my-model'))],
    ['a damaged word of a pull', async () => await put('my-model', '.armature-pull.json')],
  ])('is left as it is: %s', async (_, prepare) => {
    await prepare();
    await writeFile(join(outside, 'theirs'), 'theirs');
    const before = [await contents(folder), await contents(outside)];
    const error = await refusal(pull());
    expect(error.code).toBe('conflict');
    expect(error.message).toMatch(/my-model/i);
    expect(error.message).toContain('--to');
    expect([await contents(folder), await contents(outside)]).toEqual(before);
  });

  it('is the empty folder of a pull that was killed before it could fill it: the next one does', async () => {
    const partial = join(folder, '.my-model.partial');
    await mkdir(partial);
    await mkdir(join(folder, 'my-model'));
    for (const name of ['.armature-partial', '.placing']) await writeFile(join(partial, name), '');
    expect(await pull()).toMatchObject({ already: false, folder: join(folder, 'my-model') });
    expect((await readdir(join(folder, 'my-model'))).toSorted()).toEqual([
      '.armature-pull.json',
      'config.json',
      weights,
    ]);
    expect(await readdir(folder)).toEqual(['my-model']);
  });

  it('is left as it is beside such a pull where something lies in it by now', async () => {
    await put('my-model', 'notes.txt');
    const partial = join(folder, '.my-model.partial');
    await mkdir(partial);
    for (const name of ['.armature-partial', '.placing']) await writeFile(join(partial, name), '');
    expect((await refusal(pull())).code).toBe('conflict');
    expect(await readFile(join(folder, 'my-model', 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('is no longer asked for where the same was pulled, and refused where something else was', async () => {
    expect((await pull()).already).toBe(false);
    expect((await pull()).already).toBe(true);
    const other = await refusal(pull({ repo: 'another/model' }));
    expect([other.code, other.message]).toEqual(['conflict', expect.stringContaining('pulled from some/model')]);
    expect((await refusal(pull({ file: weights }))).code).toBe('conflict');
    await put('My-Model', 'x');
    expect((await refusal(pull())).code).toBe('conflict');
  });

  it('is left as it is where it comes while files are fetched', async () => {
    const error = await refusal(pull({}, async () => await put('my-model', weights)));
    expect(error.code).toBe('conflict');
    expect(await readFile(join(folder, 'my-model', weights), 'utf8')).toBe('mine');
    await rm(join(folder, 'my-model'), { recursive: true });
    expect((await pull()).already).toBe(false);
  });
});

describe('the hidden folder of a pull', () => {
  it.each([
    ['a folder of its user', async () => await put('.my-model.partial', weights)],
    ['one with a file of the same size', async () => await put('.my-model.partial', 'config.json')],
    ['a file', async () => await put('.my-model.partial')],
    ['a link to a folder', async () => await symlink(outside, join(folder, '.my-model.partial'))],
  ])('is not taken where it is %s', async (_, prepare) => {
    await prepare();
    await writeFile(join(outside, 'theirs'), 'theirs');
    const before = [await contents(folder), await contents(outside)];
    expect((await refusal(pull())).code).toBe('conflict');
    expect([await contents(folder), await contents(outside)]).toEqual(before);
  });

  it.each(['file', 'folder', 'pipe'])('is not gone on with where a %s of it leads out of it', async (kind) => {
    const partial = join(folder, '.my-model.partial');
    await mkdir(partial);
    await writeFile(join(partial, '.armature-partial'), '');
    await writeFile(join(outside, 'theirs'), 'theirs');
    const part = join(partial, `${weights}.part`);
    if (kind === 'file') await symlink(join(outside, 'theirs'), part);
    else if (kind === 'folder') await symlink(outside, join(partial, 'unet'));
    else execFileSync('mkfifo', [part]);
    expect((await refusal(pull())).code).toBe('conflict');
    expect(await readFile(join(outside, 'theirs'), 'utf8')).toBe('theirs');
  });

  it('leaves nothing of its own in the model', async () => {
    const { folder: place } = await pull();
    expect((await readdir(place)).toSorted()).toEqual(['.armature-pull.json', 'config.json', weights]);
    expect(await readdir(folder)).toEqual(['my-model']);
  });
});

describe('what an interrupted pull has left, with a second name in a backup made of hard links', () => {
  it('is not written into', async () => {
    const partial = join(folder, '.my-model.partial');
    await mkdir(partial);
    await writeFile(join(partial, '.armature-partial'), '');
    const sha256 = createHash('sha256').update(files[weights]).digest('hex');
    const state = JSON.stringify({ sha256, bytes: files[weights].length, etag: null });
    for (const [name, content] of [
      [`${weights}.part`, files[weights].subarray(0, 1000)],
      [`${weights}.part.json`, state],
    ] as const) {
      await writeFile(join(partial, name), content);
      await link(join(partial, name), join(outside, name));
    }
    const before = await contents(outside);
    const pulled = await pull();
    expect(await readFile(join(pulled.folder, weights))).toEqual(files[weights]);
    expect(await contents(outside)).toEqual(before);
  });
});
