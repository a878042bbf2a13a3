import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import { storeError } from '../../src/store/file-errors.ts';
import { storeConformance } from './conformance.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'armature-store-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

storeConformance('a folder', () => openFileStore(newFolder()));

describe('a store in a folder', () => {
  it('keeps its objects when it is opened again, and no drafts', async () => {
    const folder = newFolder();
    await (await openFileStore(folder)).put('a/b', Buffer.from('kept'), 'text/plain');
    expect(readdirSync(join(folder, 'drafts'))).toEqual([]);
    expect(Buffer.from(await (await openFileStore(folder)).get('a/b')).toString()).toBe('kept');
  });

  it('removes drafts that a stopped process has left, not those that one may still write', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'drafts'));
    writeFileSync(join(folder, 'drafts', 'old'), 'x');
    writeFileSync(join(folder, 'drafts', 'young'), 'x');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(join(folder, 'drafts', 'old'), longAgo, longAgo);
    await openFileStore(folder);
    expect(readdirSync(join(folder, 'drafts'))).toEqual(['young']);
  });

  it('says what an error of the file system means', () => {
    const meaning = (code: string) => storeError(Object.assign(new Error(code), { code }), 'a/b');
    for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
      expect(meaning(code)).toMatchObject({ code: 'storage_full' });
    }
    for (const code of ['EACCES', 'EROFS', 'EIO']) {
      expect(meaning(code)).toMatchObject({ code: 'unavailable' });
    }
    expect(meaning('ENOENT')).toMatchObject({ code: 'not_found' });
    expect(meaning('EBADF')).toMatchObject({ code: 'EBADF' });
  });
});

/** A disk of one megabyte; only root may mount one. */
const disk = mkdtempSync(join(tmpdir(), 'armature-small-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;

describe.skipIf(!mounted)(`a full disk ${mounted ? '' : '(skipped: a small tmpfs cannot be mounted here)'}`, () => {
  beforeAll(() => mkdirSync(join(disk, 'store')));
  afterAll(() => {
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it('is storage_full; nothing half written stays, and what was there is whole', async () => {
    const store = await openFileStore(join(disk, 'store'));
    const kept = randomBytes(400_000);
    await store.put('a/0.png', kept, 'image/png');
    await expect(store.put('a/1.png', randomBytes(900_000), 'image/png')).rejects.toMatchObject({
      code: 'storage_full',
    });
    await expect(store.put('a/0.png', randomBytes(900_000), 'image/png')).rejects.toMatchObject({
      code: 'storage_full',
    });
    expect(await store.stat('a/1.png')).toBeNull();
    expect(Buffer.compare(await store.get('a/0.png'), kept)).toBe(0);
    expect(readdirSync(join(disk, 'store', 'drafts'))).toEqual([]);
    await store.put('a/1.png', randomBytes(100_000), 'image/png');
  });

  it('is told by ping', async () => {
    const store = await openFileStore(join(disk, 'store'));
    const room = spawnSync('df', ['--output=avail', '-B1', disk]).stdout.toString().split('\n')[1]!;
    writeFileSync(join(disk, 'filler'), Buffer.alloc(Number(room)));
    await expect(store.ping()).rejects.toMatchObject({ code: 'storage_full' });
  });
});
