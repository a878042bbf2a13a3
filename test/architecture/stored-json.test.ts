import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** Columns of JSON that carry a version: src/generation/stored-json.ts reads them, and nobody else. */
const columns = ['plan', 'result', 'progress', 'checkpoint', 'snapshot'];
const name = columns.join('|');
/** One of them in a statement: with its table, in quotes, in brackets, or brought to another type. */
const column = String.raw`(?:\(\s*)?(?:"?\w+"?\.)?"?(?:${name})\b"?(?:\s*\))?(?:\s*::\s*\w+)?(?:\s*\))?`;
/** One of them as it is put into a statement: `${row.ref('plan')}`. */
const put = String.raw`\$\{[^{}]*['"\x60](?:\w+\.)?(?:${name})['"\x60][^{}]*\}`;
const operator = String.raw`\s*(?:->>?|#>>?|@>|<@|@\?|@@|\?[|&]?|#-|\|\|)\s*(?:'[^']*'|[$(:])`;
const looks = [
  // An operator that takes something out of one, asks what is in it, or changes it ...
  new RegExp(String.raw`(?<![\w.$'"/-])${column}${operator}`, 'g'),
  new RegExp(`${put}${operator}`, 'g'),
  // ... a subscript ...
  new RegExp(String.raw`(?<![\w.$'"/-])(?:\w+\.)?(?:${name})\[\s*['"\x60$]`, 'g'),
  // ... its text, to be searched in ...
  new RegExp(String.raw`(?<![\w.$'"/-])(?:"?\w+"?\.)?"?(?:${name})"?\s*::\s*(?:text|varchar)`, 'g'),
  new RegExp(String.raw`\bcast\(\s*(?:"?\w+"?\.)?"?(?:${name})"?\s+as\b`, 'gi'),
  // ... a function of JSON over it ...
  new RegExp(String.raw`\b(?:jsonb?_\w+|to_jsonb?)\(\s*(?:${column}|${put})[^)]*\)`, 'g'),
  // ... or what builds such a statement.
  new RegExp(String.raw`\bref\(\s*['"\x60](?:\w+\.)?(?:${name})['"\x60]\s*,\s*['"\x60][-#]`, 'g'),
  new RegExp(
    String.raw`\bfn(?:<[^>]*>)?\(\s*['"\x60]jsonb?_\w+['"\x60]\s*,\s*\[\s*['"\x60](?:\w+\.)?(?:${name})['"\x60]`,
    'g',
  ),
];

/** What takes from what lies in such a column without its form, in the code that reads rows. */
const values = String.raw`(?:\w+\??\.)?(?:${name}|storedPlan|stored)\b`;
const takes = [
  new RegExp(String.raw`(?<![\w.'"])${values}!?\s+as\s+(?!const\b)\w+`, 'g'),
  new RegExp(
    String.raw`\b(?:JSON\.(?:parse|stringify)|structuredClone|Object\.\w+|Reflect\.\w+)\(\s*(?:\w+\.)*(?:${name}|storedPlan|stored)\b[^)]*\)`,
    'g',
  ),
  new RegExp(String.raw`\{\s*\.\.\.(?:\w+\.)*(?:${name}|storedPlan|stored)\b`, 'g'),
];

/** What statements may know of a plan, in every version: whose kind it is, and which objects it names. */
const known = [`plan->>'kind'`, `jsonb_path_query_array(plan, 'strict $.**.key')`];

function readings(text: string): readonly string[] {
  return looks.flatMap((look) => [...text.matchAll(look)].map(([found]) => found.replace(/^\(\s*/, '')));
}

function takings(text: string): readonly string[] {
  return takes.flatMap((take) => [...text.matchAll(take)].map(([found]) => found));
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

  it('is taken apart by nobody else', () => {
    const rooms = ['records/', 'queue/', 'webhooks/', 'worker/checkpoint-file.ts'];
    const readers = files.filter(({ path }) => rooms.some((room) => path.startsWith(room)));
    expect(readers.flatMap(({ path, code }) => takings(code).map((taking) => `${path}: ${taking}`)).toSorted()).toEqual(
      [
        // The result of a statement.
        'records/database/guarded-pool.ts: result as SqlResult',
        // Progress before it is written.
        'records/jobs/transitions.ts: { ...progress',
        // The hash of a plan, as it is stored.
        'worker/checkpoint-file.ts: JSON.stringify(plan)',
      ],
    );
  });

  it.each([
    `sum((progress->>'step')::double precision)`,
    `where result -> 'outputs' is not null`,
    `jsonb_array_elements(result->'maps')`,
    `where job.plan @> '{"kind": "generation"}'`,
    `set plan = jsonb_set(plan, '{output}', 'true')`,
    `jsonb_path_query(plan, 'strict $.**.seed')`,
    `checkpoint #>> '{step}'`,
    `select (plan)->>'seed' from armature.job`,
    `select "plan"->>'seed'`,
    `where job."plan" ->> 'seed' = '1'`,
    `select plan::jsonb -> 'controls'`,
    `select (plan::jsonb)->'controls'`,
    `where plan @? '$.controls[*]'`,
    `where plan @@ '$.steps > 3'`,
    `where plan ? 'hires'`,
    `set plan = plan || '{"steps": 3}'`,
    `set plan = plan #- '{hires}'`,
    `select plan['seed'] from armature.job`,
    `where plan::text like '%canny%'`,
    `where cast(result as text) like '%.png%'`,
    `json_value(plan, '$.seed')`,
    `jsonb_each(job.plan)`,
    `jsonb_to_record(plan) as p(seed bigint)`,
    `jsonb_path_exists(plan, '$.hires')`,
    "sql`${row.ref('plan')} ->> 'seed'`",
    "sql`${sql.ref('job.plan')} -> ${field}`",
    `db.selectFrom('job').select((row) => row.ref('plan', '->>').key('seed'))`,
    `row.fn<number>('jsonb_array_length', ['result'])`,
  ])('would be found: %s', (text) => {
    expect(readings(text).filter((reading) => !known.includes(reading))).not.toEqual([]);
  });

  it.each([
    `const { seed } = row.plan as unknown as GenerationPlan;`,
    `(stored as any).seed`,
    `const plan = JSON.parse(JSON.stringify(row.plan)) as GenerationPlan;`,
    `Object.entries(row.plan)`,
    `structuredClone(job.storedPlan).seed`,
    `const plan = { ...row.plan };`,
    `Reflect.get(row.result, 'outputs')`,
  ])('would be found beside its form: %s', (text) => {
    expect(takings(text)).not.toEqual([]);
  });
});
