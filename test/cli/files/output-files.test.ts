import { execFileSync } from 'node:child_process';
import { copyFile, link, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireOwnOutputs, writeNew, writeWhole } from '../../../src/cli/files/output-files.ts';
import { armature } from '../armature.ts';

const photo = fileURLToPath(new URL('../../../examples/photo.jpg', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-outputs-'));
  await copyFile(photo, file('photo.jpg'));
  return async () => await rm(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);

describe('an output that is an input', () => {
  it.each([
    ['by its name', async () => file('photo.jpg')],
    ['by a path that goes round', async () => `${folder}/./photo.jpg`],
    ['by a link', async () => await linked('photo.jpg', 'link.jpg')],
    ['through a link to its folder', async () => join(await linked('.', 'around'), 'photo.jpg')],
    [
      'by a hard link',
      async () => {
        await link(file('photo.jpg'), file('hard.jpg'));
        return file('hard.jpg');
      },
    ],
  ])('is refused: %s', async (_, make) => {
    const output = await make();
    await expect(requireOwnOutputs([file('other.jpg'), output], [file('photo.jpg')])).rejects.toThrow(
      `${output}: it is the input ${file('photo.jpg')}`,
    );
    await expect(requireOwnOutputs([file('photo.jpg')], [output])).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('is refused before anything is drawn: the photograph, its mask, a map beside it, data', async () => {
    await copyFile(photo, file('out-map-1.png'));
    const before = await readdir(folder);
    const tries = [
      ['generate', 'x', '--canny', file('photo.jpg'), '-o', file('photo.jpg')],
      ['generate', 'x', '--canny', file('out-map-1.png'), '--map', '--save-maps', '-o', file('out.png')],
      ['extract', 'canny', file('photo.jpg'), '-o', file('photo.jpg')],
      ['extract', 'inpaint', photo, '--mask', file('photo.jpg'), '-o', file('photo.jpg')],
      ['extract', 'openpose', file('photo.jpg'), '--save-data', file('photo.jpg'), '-o', file('map.png')],
    ];
    for (const args of tries) {
      const { code, stderr } = await armature(args);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/^armature: Expected another output than .* which would be overwritten\.\n/);
    }
    expect(await readdir(folder)).toEqual(before);
    expect(await readFile(file('photo.jpg'))).toEqual(await readFile(photo));
  });

  async function linked(target: string, name: string): Promise<string> {
    await symlink(file(target), file(name));
    return file(name);
  }
});

describe('an output', () => {
  it('may take the place of an earlier one, and stand beside an input', async () => {
    await writeFile(file('old.png'), 'old');
    await expect(requireOwnOutputs([file('old.png'), file('new/deep.png')], [photo])).resolves.toBeUndefined();
  });

  it('is refused where two have one place, or a folder or a pipe has it', async () => {
    await mkdir(file('folder.png'));
    execFileSync('mkfifo', [file('pipe.png')]);
    await symlink(folder, file('link'));
    await expect(requireOwnOutputs([file('a.png'), join(file('link'), 'a.png')], [])).rejects.toThrow('stands for two');
    await expect(requireOwnOutputs([file('folder.png')], [])).rejects.toThrow('is a folder');
    await expect(requireOwnOutputs([file('pipe.png')], [])).rejects.toThrow('is no ordinary file');
  });
});

describe('writing', () => {
  const bytes = new TextEncoder().encode('new');

  it('a whole file replaces a link and not what it leads to', async () => {
    await writeFile(file('mine.txt'), 'mine');
    await symlink(file('mine.txt'), file('out.png'));
    await writeWhole(file('out.png'), bytes);
    expect((await lstat(file('out.png'))).isFile()).toBe(true);
    expect(await readFile(file('mine.txt'), 'utf8')).toBe('mine');
  });

  it('a new file takes no name that something has, and one of many at once', async () => {
    await symlink(file('nowhere'), file('dangling.png'));
    await mkdir(file('folder.png'));
    for (const name of ['photo.jpg', 'dangling.png', 'folder.png'])
      expect(await writeNew(file(name), bytes)).toBe(false);
    expect(await readFile(file('photo.jpg'))).toEqual(await readFile(photo));
    const written = await Promise.all(Array.from({ length: 8 }, async () => await writeNew(file('one.png'), bytes)));
    expect(written.filter(Boolean)).toHaveLength(1);
    expect((await readdir(folder)).toSorted()).toEqual(['dangling.png', 'folder.png', 'one.png', 'photo.jpg']);
  });

  it('says in words what stands against it', async () => {
    const below = writeWhole(join(file('photo.jpg'), 'out.png'), bytes);
    await expect(below).rejects.toThrow(/cannot be written: .*(of that name|is a file)/);
    await expect(writeWhole(file('x'.repeat(300)), bytes)).rejects.toThrow(
      /cannot be written: the name is too long\.$/,
    );
  });
});
