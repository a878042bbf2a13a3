import type { JobResult } from '../../src/generation/job.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { newJobId } from '../../src/records/schema/ids.ts';
import type { SqlPool } from '../../src/records/database/sql-pool.ts';

export interface Filling {
  readonly ended: number;
  readonly waiting: number;
  readonly tenants: number;
}

/** Rows of one statement. */
const chunk = 1000;
/** Pictures that jobs share. */
const inputs = 5000;
const outputBytes = 400_000;
const inputBytes = 50_000;

/**
 * Writes jobs as the service would have written them, in bulk: ended ones with their events and results, and waiting ones.
 * Indexes are made when all is written, which takes a fraction of the time.
 */
export async function fill(pool: SqlPool, { ended, waiting, tenants }: Filling): Promise<void> {
  const { rows: indexes } = await pool.query<{ name: string; definition: string }>(`
    select format('%I.%I', schemaname, indexname) as name, indexdef as definition from pg_indexes
    where schemaname = 'armature' and tablename in ('job', 'job_event')
      and not exists (select from pg_constraint where conname = indexname)`);
  for (const { name } of indexes) await pool.query(`drop index ${name}`);
  for (let start = 0; start < ended; start += chunk)
    await insert(pool, start, Math.min(chunk, ended - start), tenants, true);
  for (let start = 0; start < waiting; start += chunk) {
    await insert(pool, start, Math.min(chunk, waiting - start), tenants, false);
  }
  await pool.query(
    `insert into armature.input (key, tenant, bytes)
     select 'tenants/shared/inputs/' || n, 'shared', $1::bigint from generate_series(0, $2::integer - 1) as n`,
    [inputBytes, inputs],
  );
  for (const { definition } of indexes) await pool.query(definition);
  // The triggers wrote a row for each job.
  await pool.query(`
    with folded as (delete from armature.stored_change returning bytes)
    insert into armature.stored_change (bytes) select sum(bytes) from folded`);
}

async function insert(pool: SqlPool, start: number, count: number, tenants: number, ended: boolean): Promise<void> {
  const jobs = Array.from({ length: count }, (_, offset) => {
    const number = start + offset;
    const id = newJobId();
    const tenant = `tenant-${number % tenants}`;
    return { id, tenant, number, plan: planOf(number), result: ended ? resultOf(tenant, id, number) : null };
  });
  await pool.query(
    `with given as (
      select * from jsonb_to_recordset($1::jsonb) as given (id text, tenant text, number integer, plan jsonb, result jsonb)),
    timed as (
      select *, now() - interval '2 days' + number * interval '1.5 seconds' as at, result is not null as ended from given),
    inserted as (
      insert into armature.job (id, tenant, status, plan, warnings, result, stored_bytes, event_seq, priority, cost,
        virtual_time, created_at, started_at, finished_at, attempt)
      select id, tenant, case when ended then 'succeeded' else 'queued' end, plan, '[]', result,
        case when ended then ${outputBytes} else 0 end, case when ended then 3 else 1 end, 5, 5242880,
        extract(epoch from at) - 50, at, case when ended then at end,
        case when ended then at + interval '3 seconds' end, case when ended then 1 else 0 end from timed
      returning id, event_seq)
    insert into armature.job_event (job_id, seq, type, data)
    select id, seq, (array['queued', 'started', 'succeeded'])[seq], '{"attempt": 1}'
    from inserted, generate_series(1, event_seq) as seq`,
    [JSON.stringify(jobs)],
  );
}

function planOf(number: number): GenerationPlan {
  const image = { key: `tenants/shared/inputs/${number % inputs}`, sha256: 'a'.repeat(64) };
  return {
    kind: 'generation',
    model: { id: 'diorama', hash: 'c'.repeat(16) },
    prompt: `a red ball on a green floor, number ${number}, ${'with many words, '.repeat(20)}`,
    negativePrompt: '',
    promptSyntax: 'a1111',
    width: 512,
    height: 512,
    steps: 20,
    guidanceScale: 7.5,
    guidanceRescale: 0,
    scheduler: 'ddim',
    schedule: null,
    sChurn: 0,
    eta: null,
    run: { steps: 20, evaluations: 20 },
    sdeNoise: 'path',
    seed: number,
    count: 1,
    clipSkip: 0,
    controls: [
      {
        type: 'canny',
        model: { id: 'diorama-canny', hash: 'd'.repeat(16) },
        source: { kind: 'photo', image, preprocess: {}, resolution: null },
        resize: 'crop',
        scale: 1,
        start: 0,
        end: 1,
        mode: 'balanced',
      },
    ],
    strict: false,
    evaluate: false,
    bestOf: 1,
    output: { format: 'png', quality: 90, metadata: true },
  };
}

function resultOf(tenant: string, id: string, seed: number): JobResult {
  const output = {
    key: `tenants/${tenant}/generations/${id}/1/0.png`,
    contentType: 'image/png',
    bytes: outputBytes,
    sha256: 'b'.repeat(64),
    width: 512,
    height: 512,
    seed,
  };
  return {
    outputs: [output],
    maps: [],
    warnings: [],
    meanBatch: 1,
    timings: { wait: 1, prepare: 2, draw: 3, store: 4 },
  };
}
