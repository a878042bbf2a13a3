import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { variableOf } from '../../src/config/settings/setting.ts';
import { settings, themes } from '../../src/config/settings/settings.ts';

const root = new URL('../../', import.meta.url);

interface Script {
  readonly withTables: (text: string, rows: object) => string;
}

describe('docs/settings.md', () => {
  it('has the tables that the rows of the settings give', async () => {
    const { withTables } = (await import(new URL('scripts/setting-tables.mjs', root).href)) as Script;
    const text = readFileSync(new URL('docs/settings.md', root), 'utf8');
    expect(text).toBe(withTables(text, { themes, settings, variableOf }));
    expect(text).toContain(
      '| `--port NUMBER` | `ARMATURE_PORT`, `PORT` | 7860 | port to listen on; 0 takes any free one |',
    );
  });

  it('knows every variable that another document names', () => {
    const known = new Set(Object.values(settings).map(variableOf));
    const others = [
      'README.md',
      'docs/api.md',
      'docs/commands.md',
      'docs/deployment.md',
      'docs/models.md',
      'docs/operations.md',
    ];
    const named = others.flatMap((name) => [
      ...readFileSync(new URL(name, root), 'utf8').matchAll(/\bARMATURE_[A-Z0-9_]+\b/g),
    ]);
    expect(named.length).toBeGreaterThan(20);
    expect(named.map(([name]) => name).filter((name) => !known.has(name) && name !== 'ARMATURE_DEBUG')).toEqual([]);
  });
});
