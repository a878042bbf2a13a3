import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const text = read('CONTRIBUTING.md');

/** Whether a path is there; `<name>` in it stands for any one name. */
function leadsSomewhere(path: string): boolean {
  const parts = path.split('/');
  const open = parts.findIndex((part) => part.includes('<'));
  if (open === -1) return existsSync(join(root, path));
  const folder = join(root, ...parts.slice(0, open));
  const pattern = new RegExp(`^${parts[open]!.replaceAll('.', '\\.').replace(/<\w+>/, '(.+)')}$`);
  return readdirSync(folder).some((name) => {
    const chosen = pattern.exec(name)?.[1];
    if (chosen === undefined) return false;
    return leadsSomewhere(
      [...parts.slice(0, open), ...parts.slice(open).map((part) => part.replace(/<\w+>/, chosen))].join('/'),
    );
  });
}

describe('CONTRIBUTING.md', () => {
  const paths = [...text.matchAll(/`((?:src|test|scripts|docs|bench|examples|\.ci)\/[^`\s]*)`/g)].map(
    ([, path]) => path!,
  );

  it('names paths that are there', () => {
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !leadsSomewhere(path))).toEqual([]);
  });

  it('names types, functions and properties that are there', () => {
    const folders = ['src', 'test'].map((folder) => join(root, folder));
    const code = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    );
    const words = new Set(
      code.filter((file) => file.endsWith('.ts')).flatMap((file) => readFileSync(file, 'utf8').match(/\w+/g) ?? []),
    );
    // `library.find(find<Kind>, id)` names `library` and `find`; what stands for any name is not looked for.
    const named = [...text.matchAll(/`([\w.]+)(?:\([^`]*\))?`/g)].flatMap(([, name]) =>
      /\.(?:ts|md|json)$/.test(name!) ? [] : name!.split('.'),
    );
    const isName = (word: string): boolean => /[a-z][A-Z]|^[A-Z][a-z]+$/.test(word);
    expect(named.filter(isName).length).toBeGreaterThan(25);
    expect(named.filter((word) => isName(word) && !words.has(word))).toEqual([]);
  });

  it('links to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(2);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });

  it('names scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = new Set([...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!));
    expect([...named].filter((name) => !(name in scripts))).toEqual([]);
    const own = Object.keys(scripts).filter((name) => !['start', 'build'].includes(name));
    expect(own.filter((name) => !text.includes(name === 'test' ? 'npm test' : `npm run ${name}`))).toEqual([]);
  });

  it('has a recipe for each thing that is one folder and one row', () => {
    const recipes = [...text.matchAll(/^### An? (.+)$/gm)].map(([, name]) => name);
    expect(recipes).toEqual([
      'condition',
      'scheduler',
      'operator',
      'model kind',
      'field of a request',
      'setting',
      'command',
      'route',
      'dialect',
      'job kind',
    ]);
  });
});

describe('decisions', () => {
  const folder = join(root, 'docs', 'decisions');
  const files = readdirSync(folder)
    .filter((name) => /^\d/.test(name))
    .toSorted((a, b) => (a < b ? -1 : 1));
  const decisions = files.map((file) => {
    const [, number, status] =
      /^# (\d{4}): .+\n\n\*\*Status\.\*\* (\S[^\n]*)\n/.exec(read(join('docs', 'decisions', file))) ?? [];
    return { file, number, status };
  });

  it('have a number and a status', () => {
    expect(decisions.filter(({ number, file }) => number !== file.slice(0, 4))).toEqual([]);
    expect(new Set(decisions.map(({ number }) => number)).size).toBe(decisions.length);
    const known = /^(?:Accepted|In force|Replaced by \d{4})\b/;
    expect(decisions.filter(({ status }) => !known.test(status ?? ''))).toEqual([]);
  });

  it('leave out no number but those that are said to be unused', () => {
    const [, unused = ''] = /Numbers ([^.]*) were kept free/.exec(read('docs/decisions/README.md')) ?? [];
    const last = Math.max(...decisions.map(({ number }) => Number(number)));
    const all = Array.from({ length: last }, (_, index) => String(index + 1).padStart(4, '0'));
    const missing = all.filter((number) => !decisions.some((decision) => decision.number === number));
    expect(missing).toEqual(unused.match(/\d{4}/g) ?? []);
  });
});

describe('CHANGELOG.md', () => {
  const changelog = read('CHANGELOG.md');

  it('has an entry for what is not released, under the headings of keepachangelog.com', () => {
    expect(changelog).toMatch(/^## \[?Unreleased\]?$/m);
    const headings = new Set([...changelog.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!));
    expect(
      [...headings].filter((heading) => !/^(Added|Changed|Deprecated|Removed|Fixed|Security)$/.test(heading)),
    ).toEqual([]);
  });

  it('links to what is there', () => {
    const links = [...changelog.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => join(dirname('CHANGELOG.md'), link!));
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});
