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

test('what is bundled keeps the licences and notices of its packages, each text once', async () => {
  const modules = join(folder, 'node_modules');
  const packages = [
    ['@some/one', 'LICENSE', 'Copyright (c) Some'],
    ['@some/two', 'LICENSE.md', 'Copyright (c) Some'],
    ['other', 'NOTICE', 'Portions of another\n'],
    ['other/node_modules/inner', 'licence', 'Copyright (c) Inner'],
    ['bare', 'index.js', 'no text of its own'],
    ['unused', 'LICENSE', 'Copyright (c) Nobody'],
  ] as const;
  for (const [name, file, text] of packages) {
    await mkdir(join(modules, name), { recursive: true });
    await writeFile(join(modules, name, file), text);
    await writeFile(join(modules, name, 'package.json'), JSON.stringify({ name, version: '1.2.3', license: 'MIT' }));
  }
  const script = pathToFileURL(join(folder, 'scripts', 'bundle.mjs')).href;
  const { licencesOf } = (await import(script)) as { readonly licencesOf: (modules: readonly string[]) => string };
  const bundled = packages.slice(0, -1).map(([name]) => join(modules, name, 'lib', 'index.js'));
  const parts = licencesOf([join(folder, 'src', 'cli.ts'), ...bundled]).split(/\n-{80}\n\n/);
  expect(parts.toSorted()).toEqual([
    '@some/one 1.2.3 (MIT)\n@some/two 1.2.3 (MIT)\n\nCopyright (c) Some\n',
    'bare 1.2.3 (MIT)\n\n\n',
    'other 1.2.3 (MIT)\n\nPortions of another\n',
    'other/node_modules/inner 1.2.3 (MIT)\n\nCopyright (c) Inner\n',
  ]);
});

test('a package that asks where it lies is not bundled by oversight', async () => {
  const script = new URL('../../scripts/bundle.mjs', import.meta.url).href;
  const { samePlaces } = (await import(script)) as {
    readonly samePlaces: { readonly transform: (this: unknown, code: string, id: string) => void };
  };
  const bundled =
    (code: string, id = '/here/node_modules/some/index.js') =>
    () => {
      const error = (message: string): never => {
        throw new Error(message);
      };
      samePlaces.transform.call({ error }, code, id);
    };
  expect(bundled("read(join(__dirname, 'table.json'))")).toThrow(/^some\/index\.js asks where it lies/);
  expect(bundled("new URL('a.wasm', import.meta.url)")).toThrow(/asks where it lies/);
  expect(bundled('// as __dirname does\nf();\n/* or\n * import.meta.url */')).not.toThrow();
  expect(bundled("new URL('a.html', import.meta.url)", '/here/src/pages.ts')).not.toThrow();
  expect(bundled('__dirname', '/here/node_modules/bullmq/dist/cjs/classes/worker.js')).not.toThrow();
});
