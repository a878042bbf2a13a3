import { appendFile, cp, mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const folder = await mkdtemp(join(tmpdir(), 'armature-build-'));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

test('a build holds what its sources became, and nothing of sources that have moved', async () => {
  await cp(fileURLToPath(new URL('../../scripts', import.meta.url)), join(folder, 'scripts'), { recursive: true });
  const projects = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  const sources = ['src/cli.ts', 'src/new/a.ts', 'src/web/page.js', 'src/images/fonts/font.ttf'];
  const made = ['dist/cli.js', 'dist/cli.js.map', 'dist/new/a.js', 'dist/chunks/shared-a1.js'];
  const orphans = ['dist/old/a.js', 'dist/old/a.js.map', 'dist/web/gone.css'];
  for (const file of [...projects, ...sources, ...made, ...orphans]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), '');
  }
  const script = pathToFileURL(join(folder, 'scripts', 'build.mjs')).href;
  const { copyAndStamp } = (await import(script)) as { readonly copyAndStamp: (sources?: string) => void };
  copyAndStamp();
  const left = await readdir(join(folder, 'dist'), { recursive: true, withFileTypes: true });
  const names = left.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const expected = [
    '.sources',
    'chunks/shared-a1.js',
    'cli.js',
    'cli.js.map',
    'images/fonts/font.ttf',
    'new/a.js',
    'web/page.js',
  ];
  expect(names.toSorted()).toEqual(expected.map((name) => join(folder, 'dist', name)));

  const stamp = async () => await readFile(join(folder, 'dist', '.sources'), 'utf8');
  const before = await stamp();
  copyAndStamp();
  expect(await stamp()).toBe(before);
  copyAndStamp('sources that have changed since');
  expect(await stamp()).toBe('sources that have changed since');
  // What it is made with counts as well.
  await appendFile(join(folder, 'scripts', 'bundle.mjs'), '// other\n');
  copyAndStamp();
  expect(await stamp()).not.toBe(before);
});

test('what a build has replaced stays for a day, for processes that have yet to load it', async () => {
  const chunks = join(folder, 'replaced');
  await mkdir(chunks);
  const script = pathToFileURL(join(folder, 'scripts', 'bundle.mjs')).href;
  const { removeReplaced } = (await import(script)) as {
    readonly removeReplaced: (folder: string, written: ReadonlySet<string>, now: number) => void;
  };
  const hour = 3_600_000;
  const leftAfter = async (written: readonly string[], now: number) => {
    for (const name of written) await writeFile(join(chunks, name), '');
    removeReplaced(chunks, new Set(written), now);
    return (await readdir(chunks)).filter((name) => !name.startsWith('.')).toSorted();
  };
  expect(await leftAfter(['a-1.js', 'b-1.js'], 0)).toEqual(['a-1.js', 'b-1.js']);
  expect(await readdir(chunks)).toEqual(['a-1.js', 'b-1.js']);
  expect(await leftAfter(['a-1.js', 'b-2.js'], 100 * hour)).toEqual(['a-1.js', 'b-1.js', 'b-2.js']);
  // One that is written again begins anew.
  expect(await leftAfter(['a-2.js', 'b-2.js'], 110 * hour)).toEqual(['a-1.js', 'a-2.js', 'b-1.js', 'b-2.js']);
  expect(await leftAfter(['a-1.js', 'b-2.js'], 120 * hour)).toEqual(['a-1.js', 'a-2.js', 'b-1.js', 'b-2.js']);
  expect(await leftAfter(['a-2.js', 'b-2.js'], 124 * hour)).toEqual(['a-1.js', 'a-2.js', 'b-2.js']);
  expect(await leftAfter(['a-2.js', 'b-2.js'], 134 * hour)).toEqual(['a-1.js', 'a-2.js', 'b-2.js']);
  expect(await leftAfter(['a-2.js', 'b-2.js'], 148 * hour)).toEqual(['a-2.js', 'b-2.js']);
  expect(await readdir(chunks)).toEqual(['a-2.js', 'b-2.js']);
});
