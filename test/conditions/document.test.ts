import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conditions, conditionIds, describeConditions } from '../../src/conditions/registry.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/conditions.md', root), 'utf8');

/** What stands under the heading of a condition. */
function section(id: string): string {
  return text.split(`\n### ${id}\n`)[1]?.split('\n## ')[0]?.split('\n### ')[0] ?? '';
}

describe('docs/conditions.md', () => {
  it('has a section with words of its own for every condition', () => {
    for (const id of conditionIds) {
      const words = section(id).split('<!-- options of')[0]!.trim().split(/\s+/);
      expect(words.length, id).toBeGreaterThan(5);
    }
  });

  it('has the tables that the registry of the built product gives', () => {
    const script = fileURLToPath(new URL('scripts/condition-tables.mjs', root));
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('names every option with its default', () => {
    for (const { id, options } of describeConditions()) {
      const properties = (options?.['properties'] ?? {}) as Record<string, { readonly default?: unknown }>;
      for (const [name, schema] of Object.entries(properties)) {
        const row = section(id)
          .split('\n')
          .find((line) => line.startsWith(`| \`${name}\` |`));
        expect(row, `${id}.${name}`).toContain(`| \`${JSON.stringify(schema.default ?? null)}\` |`);
      }
    }
    expect(section('canny')).toContain('| `low_threshold` | 0 to 2040 | `100` |');
  });

  it('describes no condition that there is not', () => {
    const headings = [...text.matchAll(/^### (\w+)$/gm)].map(([, id]) => id!);
    expect(headings.toSorted()).toEqual(Object.keys(conditions).toSorted());
  });

  it('shows pictures that exist', () => {
    for (const [, path] of text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
      expect(existsSync(new URL(`docs/${path}`, root)), path).toBe(true);
    }
  });
});
