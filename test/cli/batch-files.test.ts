import { execFileSync } from 'node:child_process';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { journalName } from '../../src/cli/batch/journal.ts';
import { Service } from '../support/service.ts';
import { armature, type Finished } from './armature.ts';

const tiny = { width: 64, height: 64, steps: 1 };
const scene = new URL('../diorama/scenes/04_canny.png', import.meta.url);

let service: Service;
let folder: string;
let output: string;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-files-'));
  output = join(folder, 'out');
  await mkdir(output);
  return async () => await rm(folder, { recursive: true, force: true });
});

async function batch(requests: readonly object[], to = output): Promise<Finished> {
  const file = join(folder, 'requests.jsonl');
  await writeFile(file, requests.map((request) => JSON.stringify(request)).join('\n'));
  return await armature(['batch', file, '-o', to, '--server', service.address]);
}

async function batchOfImages(images: string, to = output, ...more: readonly string[]): Promise<Finished> {
  const request = ['--condition', 'canny', '--map', '--prompt', 'a ball', '--seed', '1'];
  const size = ['--width', '64', '--height', '64', '--steps', '1'];
  return await armature([
    'batch',
    '--images',
    images,
    '-o',
    to,
    '--server',
    service.address,
    ...request,
    ...size,
    ...more,
  ]);
}

function balls(count: number, more: object = {}): readonly object[] {
  return Array.from({ length: count }, (_, seed) => ({ prompt: 'a ball', seed, ...tiny, ...more }));
}

/** Names in the output folder but for the journal. */
async function written(): Promise<readonly string[]> {
  return (await readdir(output)).filter((name) => name !== journalName).toSorted();
}

const inOutput = (name: string): string => join(output, name);
const text = async (file: string): Promise<string> => await readFile(file, 'utf8');

describe('what lies in the output folder', () => {
  it.each([
    ['00000.png', {}],
    ['00000.jpg', { output: { format: 'jpeg' } }],
    ['00000.webp', { output: { format: 'webp' } }],
    ['00000-2.png', { count: 2 }],
    // For a file system that does not tell case.
    ['00000.PNG', {}],
  ])('is not replaced: %s', async (name, more) => {
    await writeFile(inOutput(name), 'mine');
    const { code, stderr } = await batch(balls(1, more));
    expect(code, stderr).toBe(0);
    expect(await text(inOutput(name))).toBe('mine');
    const drawn = (await written()).filter((one) => one !== name);
    expect(drawn.some((one) => one.startsWith('00000~2'))).toBe(true);
    // And not on the second day either.
    expect(await batch(balls(1, more))).toMatchObject({ code: 0, stderr: '1 of 1 are there already\n' });
    expect(await written()).toEqual([...drawn, name].toSorted());
  });

  it('is not written through: links, dangling ones, hard links, folders', async () => {
    const mine = join(folder, 'mine.txt');
    await writeFile(mine, 'mine');
    await symlink(mine, inOutput('00000.png'));
    await symlink(join(folder, 'nowhere'), inOutput('00001.png'));
    await link(mine, inOutput('00002.png'));
    await mkdir(inOutput('00003.png'));
    execFileSync('mkfifo', [inOutput('00004.png')]);
    const { code, stderr } = await batch(balls(5));
    expect(code, stderr).toBe(0);
    expect(await text(mine)).toBe('mine');
    expect(await readlink(inOutput('00000.png'))).toBe(mine);
    expect(await readlink(inOutput('00001.png'))).toBe(join(folder, 'nowhere'));
    await expect(lstat(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
    expect((await lstat(inOutput('00004.png'))).isFIFO()).toBe(true);
    expect((await written()).filter((name) => name.includes('~'))).toEqual(
      [0, 1, 2, 3, 4].map((number) => `0000${number}~2.png`),
    );
  });

  it('is not replaced where a picture was changed by hand', async () => {
    await batch(balls(1));
    await writeFile(inOutput('00000.png'), 'retouched');
    expect(await batch(balls(1))).toMatchObject({ code: 0 });
    expect(await text(inOutput('00000.png'))).toBe('retouched');
    expect(await written()).toEqual(['00000.png', '00000~2.png']);
  });

  it('is not replaced by pictures of a folder, whose names differ in case or ending only', async () => {
    const images = join(folder, 'images');
    await mkdir(images);
    for (const name of ['Room.png', 'room.jpg', 'a.png']) await writeFile(join(images, name), await readFile(scene));
    await writeFile(inOutput('a.png'), 'mine');
    const { code, stderr } = await batchOfImages(images);
    expect(code, stderr).toBe(0);
    expect(await text(inOutput('a.png'))).toBe('mine');
    const names = await written();
    expect(names).toHaveLength(4);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(4);
  });

  it('keeps no drafts, also of runs that were killed', async () => {
    const draft = inOutput('.armature-batch-01234567-89ab-4def-8123-456789abcdef.part');
    await writeFile(draft, 'half');
    await writeFile(inOutput('.armature-batch-mine.part'), 'mine');
    expect(await batch(balls(1))).toMatchObject({ code: 0 });
    expect(await written()).toEqual(['.armature-batch-mine.part', '00000.png']);
  });
});

describe('the journal', () => {
  it('may be lost: nothing is replaced, and what is the same is not written again', async () => {
    await batch(balls(2));
    await writeFile(inOutput('00001.png'), 'mine now');
    const first = await readFile(inOutput('00000.png'));
    const before = await lstat(inOutput('00000.png'));
    await rm(inOutput(journalName));
    expect(await batch(balls(2))).toMatchObject({ code: 0 });
    expect(await written()).toEqual(['00000.png', '00001.png', '00001~2.png']);
    expect(await text(inOutput('00001.png'))).toBe('mine now');
    expect(await readFile(inOutput('00000.png'))).toEqual(first);
    expect((await lstat(inOutput('00000.png'))).mtimeMs).toBe(before.mtimeMs);
  });

  it('may lack the note of a picture that was written before the run was killed', async () => {
    await batch(balls(2));
    const lines = (await text(inOutput(journalName))).split('\n');
    await writeFile(inOutput(journalName), lines.filter((line) => !line.includes('"done"')).join('\n'));
    expect(await batch(balls(2))).toMatchObject({ code: 0 });
    expect(await written()).toEqual(['00000.png', '00001.png']);
  });

  it('may be damaged in the middle, and torn in its first line', async () => {
    await batch(balls(2));
    const whole = await text(inOutput(journalName));
    const lines = whole.split('\n');
    await writeFile(inOutput(journalName), [lines[0], '\0\0\0{"sent', ...lines.slice(2)].join('\n'));
    expect(await batch(balls(2))).toMatchObject({ code: 0 });
    for (const length of [0, 5, 40]) {
      await writeFile(inOutput(journalName), whole.slice(0, length));
      expect(await batch(balls(2))).toMatchObject({ code: 0 });
    }
    expect(await written()).toEqual(['00000.png', '00001.png']);
  });

  it.each([
    ['a file that no run wrote', async (file: string) => await writeFile(file, '{"prompt": "a ball"}\n')],
    ['a text', async (file: string) => await writeFile(file, 'notes')],
    ['a folder', async (file: string) => await mkdir(file)],
    ['a pipe', async (file: string) => void execFileSync('mkfifo', [file])],
    ['a dangling link', async (file: string) => await symlink(join(folder, 'nowhere'), file)],
    [
      'a link to a journal',
      async (file: string) => {
        await batch(balls(1), join(folder, 'other'));
        await symlink(join(folder, 'other', journalName), file);
      },
    ],
  ])('is refused by its name where it is %s', async (_, make) => {
    const file = inOutput(journalName);
    await make(file);
    const before = await lstat(file);
    const { code, stderr } = await batch(balls(1));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^armature: Expected .*armature-batch\.jsonl to be the journal .*-o\.\n/);
    expect(await written()).toEqual([]);
    const after = await lstat(file);
    expect([after.ino, after.size]).toEqual([before.ino, before.size]);
    await expect(lstat(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
  });

  it('leaves a backup by hard links as it was', async () => {
    await batch(balls(1));
    const backup = join(folder, 'backup.jsonl');
    await link(inOutput(journalName), backup);
    const before = await text(backup);
    expect(await batch(balls(2))).toMatchObject({ code: 0 });
    expect(await text(backup)).toBe(before);
    expect((await text(inOutput(journalName))).startsWith(before)).toBe(true);
  });
});

describe('the requests', () => {
  it.each([
    ['a pipe', 'a pipe', async (file: string) => void execFileSync('mkfifo', [file])],
    ['a link to a device', 'a device', async (file: string) => await symlink('/dev/zero', file)],
    ['a folder', 'a folder', async (file: string) => await mkdir(file)],
  ])('are not read from %s', async (_, kind, make) => {
    const file = join(folder, 'no-requests.jsonl');
    await make(file);
    const { code, stderr } = await armature(['batch', file, '-o', output, '--server', service.address]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^armature: Expected .*no-requests\\.jsonl to be a file .* it is ${kind}`));
  });
});

describe('the lock', () => {
  it.each([
    ['a file that no run wrote', async (file: string) => await writeFile(file, 'mine')],
    ['a pipe', async (file: string) => void execFileSync('mkfifo', [file])],
    ['a link', async (file: string) => await symlink(scene.pathname, file)],
    ['a folder', async (file: string) => await mkdir(file)],
  ])('is refused by its name where it is %s', async (_, make) => {
    const file = inOutput('armature-batch.lock');
    await make(file);
    const before = await lstat(file);
    const { code, stderr } = await batch(balls(1));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^armature: The lock of the output folder .*armature-batch\.lock.*-o\.\n/);
    expect((await lstat(file)).ino).toBe(before.ino);
  });

  it('is empty after the machine lost its power, and taken over', async () => {
    await writeFile(inOutput('armature-batch.lock'), '');
    expect(await batch(balls(1))).toMatchObject({ code: 0 });
  });
});

describe('an output folder that is the folder of the pictures', () => {
  let images: string;
  beforeEach(async () => {
    images = join(folder, 'photos');
    await mkdir(join(images, 'deep'), { recursive: true });
    await writeFile(join(images, 'a.png'), await readFile(scene));
  });

  it.each([
    ['itself', () => images],
    ['a link to it', async () => await linked(images)],
    ['a link above it', async () => join(await linked(folder), 'photos')],
    ['a path that goes round', () => join(images, 'deep', '..')],
  ])('is refused: %s', async (_, make) => {
    const { code, stderr } = await batchOfImages(images, await make());
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^armature: .*another folder than --images.*\n/);
    expect(await readFile(join(images, 'a.png'))).toEqual(await readFile(scene));
    expect(await readdir(images)).toEqual(['a.png', 'deep']);
  });

  it.each([
    ['in it', () => join(images, 'drawn')],
    ['around it', () => folder],
  ])('is another folder where it lies %s, and the pictures stay', async (_, place) => {
    expect(await batchOfImages(images, place())).toMatchObject({ code: 0 });
    expect(await readFile(join(images, 'a.png'))).toEqual(await readFile(scene));
    expect(await readdir(place())).toContain('a.png');
  });

  it('is refused where the pictures are named through a link', async () => {
    const { stderr } = await batchOfImages(await linked(images), images);
    expect(stderr).toMatch(/another folder than --images/);
  });

  async function linked(target: string): Promise<string> {
    const name = join(folder, 'link');
    await symlink(target, name);
    return name;
  }
});

describe('pictures of a folder', () => {
  it('that are hidden are left out, and those that are no good keep nothing from being drawn', async () => {
    const images = join(folder, 'images');
    await mkdir(join(images, 'folder.png'), { recursive: true });
    for (const name of ['a.png', 'z.png']) await writeFile(join(images, name), await readFile(scene));
    for (const name of ['._a.png', '.hidden.jpg']) await writeFile(join(images, name), 'Mac OS X');
    await writeFile(join(images, 'b.png'), 'no picture');
    await writeFile(join(images, 'c.png'), (await readFile(scene)).subarray(0, 200));
    await writeFile(join(images, 'd.png'), '');
    await symlink(join(folder, 'nowhere'), join(images, 'e.png'));
    execFileSync('mkfifo', [join(images, 'f.png')]);
    const { code, stdout, stderr } = await batchOfImages(images);
    expect(code).toBe(1);
    expect(await written()).toEqual(['a.png', 'z.png']);
    expect(stdout).toBe(`2 of 8 items are drawn, in ${output}\n`);
    for (const name of ['b', 'c', 'd', 'e', 'f', 'folder']) {
      expect(stderr).toMatch(new RegExp(`^failed: ${name}: .*${name}\\.png.*$`, 'm'));
    }
    expect(stderr).not.toMatch(/hidden|\._a/);
    expect(stderr).toMatch(/^armature: 6 of 8 failed/m);
    // What was mended is drawn.
    await rename(join(images, 'z.png'), join(images, 'c.png'));
    await rm(join(images, 'f.png'));
    expect((await batchOfImages(images)).stdout).toMatch(/^2 of 6 items/);
  });
});
