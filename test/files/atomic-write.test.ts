import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeAtomically } from '../../src/files/atomic-write.ts';
import { openFileStore } from '../../src/store/file-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-atomic-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** What lay under a name, and whether it was a folder that was synced, at each sync that `work` makes; all of it really happens. */
async function syncsOf(path: string, work: () => Promise<void>) {
  const probe = await open(folder, 'r');
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const real: (this: FileHandle) => Promise<void> = Reflect.get(handles, 'sync');
  const seen: { readonly folder: boolean; readonly there: string | null }[] = [];
  const spy = vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
    const there = existsSync(path) ? readFileSync(path, 'utf8') : null;
    seen.push({ folder: (await this.stat()).isDirectory(), there });
    await real.call(this);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return seen;
}

describe('a file that is written', () => {
  it('is on the disk before it has its name, and its name before the writing ends', async () => {
    const path = join(folder, 'new', 'deeper', 'a.txt');
    const seen = await syncsOf(
      path,
      async () => await writeAtomically(path, join(folder, 'draft'), Buffer.from('one')),
    );
    expect(seen[0]).toEqual({ folder: false, there: null });
    // The folder that it lies in, and each that had to be made for it up to one that was there.
    expect(seen.slice(1)).toEqual([1, 2, 3].map(() => ({ folder: true, there: 'one' })));
  });

  it('takes the place of another in one step', async () => {
    const path = join(folder, 'b.txt');
    await writeFile(path, 'old');
    const { ino } = await stat(path);
    const seen = await syncsOf(
      path,
      async () => await writeAtomically(path, join(folder, 'draft'), Buffer.from('new')),
    );
    expect(seen).toEqual([
      { folder: false, there: 'old' },
      { folder: true, there: 'new' },
    ]);
    expect((await stat(path)).ino).not.toBe(ino);
  });

  it('leaves what was there, and no draft, where it cannot be written', async () => {
    const path = join(folder, 'c');
    await writeAtomically(join(path, 'inside'), join(folder, 'draft'), Buffer.from('kept'));
    await expect(writeAtomically(path, join(folder, 'draft'), Buffer.from('lost'))).rejects.toThrow(
      /EISDIR|ENOTEMPTY|EEXIST/,
    );
    expect(await readFile(join(path, 'inside'), 'utf8')).toBe('kept');
    expect(existsSync(join(folder, 'draft'))).toBe(false);
  });
});

it('an object of the store is read whole by whoever reads while it is written anew', async () => {
  const store = await openFileStore(join(folder, 'store'));
  const [size, type] = [4_000_000, 'application/octet-stream'];
  const key = 'tenants/default/inputs/a';
  await store.put(key, new Uint8Array(size), type);
  const written = new AbortController();
  const writes = (async () => {
    for (let value = 1; value <= 20; value += 1) await store.put(key, new Uint8Array(size).fill(value), type);
    written.abort();
  })();
  const broken: string[] = [];
  while (!written.signal.aborted) {
    const bytes = await store.get(key);
    if (bytes.length !== size || bytes[0] !== bytes.at(-1))
      broken.push(`${bytes.length}: ${bytes[0]} to ${bytes.at(-1)}`);
  }
  await writes;
  expect(broken).toEqual([]);
  expect(await readdir(join(folder, 'store', 'drafts'))).toEqual([]);
});
