import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/files/make-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-make-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe('a folder', () => {
  it('is made with those above it, and the first of them is told', async () => {
    const path = join(folder, 'a', 'b', 'c');
    expect(await makeFolder(path)).toBe(join(folder, 'a'));
    expect((await stat(path)).isDirectory()).toBe(true);
    expect(await makeFolder(path)).toBeUndefined();
    expect(await makeFolder(join(path, 'd'))).toBe(join(path, 'd'));
  });

  it('is made by several at once', async () => {
    await Promise.all(['x', 'y', 'z'].map(async (name) => await makeFolder(join(folder, 'shared', 'deep', name))));
    expect((await stat(join(folder, 'shared', 'deep', 'z'))).isDirectory()).toBe(true);
  });

  it('is made anew where those above it go meanwhile', async () => {
    const top = join(folder, 'going');
    for (let round = 0; round < 50; round += 1) {
      const removed = rm(top, { recursive: true, force: true });
      await makeFolder(join(top, 'a', 'b'));
      await removed;
    }
  });

  it('may be there by a link', async () => {
    await symlink(folder, join(folder, 'link'));
    expect(await makeFolder(join(folder, 'link'))).toBeUndefined();
    expect(await makeFolder(join(folder, 'link', 'through'))).toBe(join(folder, 'link', 'through'));
  });

  it('is refused in the words of the system where a file is in its way', async () => {
    await writeFile(join(folder, 'file'), '');
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeFolder(join(folder, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  // Node's own way of making folders above never comes back from here.
  it.skipIf(process.platform !== 'linux')('is refused where none can be made', async () => {
    await expect(makeFolder('/proc/armature')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeFolder('/proc/armature/below')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
