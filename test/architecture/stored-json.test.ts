import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** Columns of JSON that carry a version: src/generation/stored-json.ts reads them, and nobody else. */
const columns = ['plan', 'result', 'progress', 'checkpoint', 'snapshot'];
const column = `(?:\\w+\\.)?(?:${columns.join('|')})\\b`;
const looks = [
  // An operator that takes something out of one, asks what is in it, or changes it ...
  new RegExp(String.raw`(?<![\w.$'"/-])${column}\s*(?:->>?|#>>?|@>|<@|\?[|&]?|#-|\|\|)\s*(?:'[^']*'|[$(])`, 'g'),
  // ... or a function of JSON over it.
  new RegExp(String.raw`\bjsonb?_\w+\(\s*${column}[^)]*\)`, 'g'),
];

/** What statements may know of a plan, in every version: whose kind it is, and which objects it names. */
const known = [`plan->>'kind'`, `jsonb_path_query_array(plan, 'strict $.**.key')`];

function readings(text: string): readonly string[] {
  return looks.flatMap((look) => [...text.matchAll(look)].map(([found]) => found));
}

const files = sourceFiles().filter(({ path }) => !path.startsWith('records/schema/migrations/'));

describe('stored JSON', () => {
  it('is looked into by no statement but for kinds and keys', () => {
    const found = files.flatMap(({ path, code }) =>
      readings(code)
        .filter((reading) => !known.includes(reading))
        .map((reading) => `${path}: ${reading}`),
    );
    expect(found).toEqual([]);
  });

  it('has one reader: what others hold of it they cannot look into', () => {
    const holders = files.filter(({ code }) => /\bStoredJson\b/.test(code)).map(({ path }) => path);
    expect(holders.toSorted()).toEqual([
      'generation/job.ts',
      'generation/stored-json.ts',
      'records/schema/rows.ts',
      'records/schema/schema.ts',
      'worker/checkpoint-file.ts',
    ]);
    const casts = files.filter(({ code }) => /as unknown as (?:Stored|Value\b)|\bstored as\b/.test(code));
    expect(casts.map(({ path }) => path)).toEqual(['generation/stored-json.ts']);
  });

  it.each([
    `sum((progress->>'step')::double precision)`,
    `where result -> 'outputs' is not null`,
    `jsonb_array_elements(result->'maps')`,
    `where job.plan @> '{"kind": "generation"}'`,
    `set plan = jsonb_set(plan, '{output}', 'true')`,
    `jsonb_path_query(plan, 'strict $.**.seed')`,
    `checkpoint #>> '{step}'`,
  ])('would be found: %s', (text) => {
    expect(readings(text).filter((reading) => !known.includes(reading))).not.toEqual([]);
  });
});
