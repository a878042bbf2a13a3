import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'docs', 'guarantees.md'), 'utf8');
const tables = text.split(/^## /m).slice(1);

interface Promised {
  readonly promise: string;
  readonly file: string;
  readonly title: string;
}

/** Rows of a table but for its head; what is no row of three cells is an empty one. */
function rowsOf(table: string): readonly Promised[] {
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const [, promise = '', file = '', title = ''] = /^\| (.*?) ?\| `([^`|]+)` \| ([^|]+) \|$/.exec(line) ?? [
      line,
      line,
    ];
    return { promise, file, title };
  });
}

/** Whether a test or a script has that piece in its title: in a text, which a comment is not. */
function isTitled({ file, title }: Promised): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  return readFileSync(path, 'utf8')
    .split('\n')
    .some((line) => /^[^'"`/*]*['"`]/.test(line) && line.includes(title, line.search(/['"`]/)));
}

describe('docs/guarantees.md', () => {
  it('has promises of every theme, each first row with words of its own', () => {
    const themes = tables.map((table) => rowsOf(table));
    expect(themes.length).toBeGreaterThanOrEqual(6);
    for (const rows of themes) {
      expect(rows.length).toBeGreaterThan(3);
      expect(rows[0]!.promise).not.toBe('');
    }
    const all = themes.flat();
    expect(all.length).toBeGreaterThan(100);
    expect(new Set(all.map(({ promise, file, title }) => `${promise} ${file} ${title}`)).size).toBe(all.length);
  });

  it.each(tables.map((table) => [table.split('\n', 1)[0]!, table]))('names tests that are there: %s', (_, table) => {
    const rows = rowsOf(table);
    for (const { file, title } of rows) {
      expect(file).toMatch(/^test\/.+\.ts$/);
      expect(title.length, title).toBeGreaterThan(10);
    }
    expect(rows.filter((row) => !isTitled(row))).toEqual([]);
  });
});
