import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arrowsBetween, circles } from './circles.ts';
import { rooms, roomTable } from './rooms.ts';
import { parseSource, type SourceFile, sourceFiles } from './source-files.ts';

const files = sourceFiles();

const owners = new Map(Object.entries(rooms).flatMap(([room, { owns = [] }]) => owns.map((name) => [name, room])));
const pure = Object.keys(rooms).filter((room) => rooms[room]?.pure === true);

const folderOf = (path: string): string => path.split('/')[0] ?? '';
/** All folders above a file, the nearest last. */
const foldersOf = (path: string): readonly string[] =>
  path.split('/').flatMap((_, index, names) => (index === 0 ? [] : [names.slice(0, index).join('/')]));
const isPure = (path: string): boolean => pure.some((folder) => path.startsWith(`${folder}/`));
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** `from -> to` for each import of `file` that breaks the rule. */
function broken(file: SourceFile, rule: (imported: SourceFile['imports'][number]) => boolean): readonly string[] {
  return file.imports.filter((imported) => !rule(imported)).map((imported) => `${file.path} -> ${imported.target}`);
}

describe('imports', () => {
  it('are found in every way in which they are written', () => {
    const text = `
      import a, { b } from '../numeric/a.ts';
      import { type C, type D } from './c.ts';
      import type { E } from 'pg';
      export { f } from './f.ts';
      // import { g } from './g.ts';
      const h = await import('node:fs'); const i = 'http://x'; import 'sharp';
      const j = await import(\`./j.ts\`);
      let k: import('../k.ts').K;
      fork(new URL('./main.js', import.meta.url));
    `;
    expect(parseSource('graph/x.ts', text.replace("; import 'sharp'", ";\nimport 'sharp'")).imports).toEqual([
      { target: 'numeric/a.ts', own: true, typeOnly: false },
      { target: 'graph/c.ts', own: true, typeOnly: true },
      { target: 'pg', own: false, typeOnly: true },
      { target: 'graph/f.ts', own: true, typeOnly: false },
      { target: 'sharp', own: false, typeOnly: false },
      { target: 'node:fs', own: false, typeOnly: false },
      { target: 'graph/j.ts', own: true, typeOnly: false },
      { target: 'k.ts', own: true, typeOnly: false },
      { target: 'graph/main.ts', own: true, typeOnly: false },
    ]);
  });

  it('say which module they are of, and modules are no tables', () => {
    expect(files.filter(({ code }) => /\bimport\(\s*[^'"`\s]/.test(code)).map(({ path }) => path)).toEqual([]);
    const tables = files.filter(({ code }) =>
      [...code.matchAll(/^import \* as (\w+) from/gm)].some(([, name]) => new RegExp(`\\b${name}\\[`).test(code)),
    );
    expect(tables.map(({ path }) => path)).toEqual([]);
  });

  it('stay within what each folder may use, types too', () => {
    expect(files.length).toBeGreaterThan(40);
    const wrong = files
      .filter((file) => file.path.includes('/'))
      .flatMap((file) => {
        const room = folderOf(file.path);
        const reach = [room, 'errors.ts', ...(rooms[room]?.imports ?? [])];
        return broken(file, ({ own, target }) => !own || reach.includes(folderOf(target)));
      });
    expect(wrong).toEqual([]);
  });

  it('have a rule for every folder', () => {
    const folders = files.filter((file) => file.path.includes('/')).map((file) => folderOf(file.path));
    expect([...new Set(folders)].toSorted()).toEqual(Object.keys(rooms).toSorted());
  });

  it('go down: every room is listed below those that it imports from', () => {
    const listed = Object.keys(rooms);
    const wrong = Object.entries(rooms).flatMap(([room, { imports }]) =>
      imports.filter((name) => listed.indexOf(name) >= listed.indexOf(room)).map((name) => `${room} -> ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are listed for people as they are here', () => {
    const text = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
    const section = text.split('\n## Folders\n')[1]!.split('\n## ')[0]!;
    expect(section.split('\n').filter((line) => line.startsWith('|'))).toEqual(roomTable());
  });

  it('reach the command line from nowhere', () => {
    const inner = files.filter((file) => !file.path.startsWith('cli'));
    expect(inner.flatMap((file) => broken(file, ({ target }) => !target.startsWith('cli')))).toEqual([]);
  });

  it('leave each of the great libraries to its owner', () => {
    const wrong = files.flatMap((file) =>
      broken(file, ({ own, typeOnly, target }) => {
        const owner = owners.get(packageOf(target));
        return own || typeOnly || owner === undefined || folderOf(file.path) === owner;
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('leave requests to other servers to the guarded fetcher', () => {
    // The command line speaks to its own server.
    const others = files.filter(({ path }) => !['fetch', 'cli'].includes(folderOf(path)));
    const modules = ['node:http', 'node:https', 'node:http2', 'node:net', 'node:tls', 'undici'];
    expect(
      others.flatMap((file) => broken(file, ({ typeOnly, target }) => typeOnly || !modules.includes(target))),
    ).toEqual([]);
    expect(others.filter(({ code }) => /(?<![.\w])fetch\(/.test(code)).map(({ path }) => path)).toEqual([]);
  });
});

describe('circles', () => {
  const own = files.map(({ path, imports }) => ({
    path,
    targets: imports.filter((imported) => imported.own).map(({ target }) => target),
  }));

  it('are found', () => {
    const arrows = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['c', 'd'])],
      ['c', new Set(['a'])],
      ['d', new Set(['e'])],
      ['e', new Set<string>()],
    ]);
    expect(circles(arrows)).toEqual([['a', 'b', 'c']]);
  });

  it('are none of files, types counted', () => {
    expect(circles(arrowsBetween(own, (path) => path))).toEqual([]);
  });

  it('are none of folders, each for its own files', () => {
    const folder = (path: string): string => (path.includes('/') ? posix.dirname(path) : path);
    expect(circles(arrowsBetween(own, folder))).toEqual([]);
  });

  it('are none of folders, sub-folders too', () => {
    const parents = new Set(['', ...files.flatMap(({ path }) => foldersOf(path))]);
    const found = [...parents].flatMap((parent) => {
      const prefix = parent === '' ? '' : `${parent}/`;
      const inside = (path: string): boolean => path.startsWith(prefix);
      const entry = (path: string): string => prefix + path.slice(prefix.length).split('/')[0];
      const within = own.filter(({ path }) => inside(path));
      return circles(
        arrowsBetween(
          within.map(({ path, targets }) => ({ path, targets: targets.filter(inside) })),
          entry,
        ),
      );
    });
    expect(found).toEqual([]);
  });
});

describe('pure folders', () => {
  const pureFiles = files.filter((file) => isPure(file.path));

  it('import pure folders only', () => {
    expect(pureFiles.length).toBeGreaterThan(20);
    const wrong = pureFiles.flatMap((file) =>
      broken(file, ({ own, target }) => {
        if (!own) return ['zod', 'protobufjs'].includes(packageOf(target));
        return isPure(target) || target === 'errors.ts';
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('read no clock, environment or global random state and write nowhere', () => {
    const impure =
      /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|console\.|setTimeout|setInterval|fetch\(|crypto\.)/;
    expect(pureFiles.filter((file) => impure.test(file.code)).map((file) => file.path)).toEqual([]);
  });
});

describe('names and settings', () => {
  it('reads the environment in one place', () => {
    const readers = files.filter((file) =>
      /\bprocess\s*\??\.\s*env\b|\bprocess\[|from\s+['"](?:node:)?process['"]/.test(file.code),
    );
    expect(readers.map((file) => file.path)).toEqual(['config/environment.ts']);
  });

  it('knows the embedded model as the default of one setting', () => {
    const embedded = 'diorama';
    expect(files.filter((file) => file.code.includes(embedded)).map((file) => file.path)).toEqual([
      'config/settings/device.ts',
    ]);
  });
});
