import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Batches, and what decides which of the waiting jobs goes into the queue next. */
export async function createBatches(db: Kysely<Tables>): Promise<void> {
  const id = sql`text collate "C"`;
  await db.schema
    .createTable('batch')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('name', 'text')
    .addColumn('metadata', 'jsonb')
    .addColumn('axes', 'jsonb')
    .addColumn('items', 'integer', (column) => column.notNull())
    .addColumn('cost', 'double precision', (column) => column.notNull())
    .addColumn('accepted', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('dispatched_at', 'timestamptz')
    .execute();
  await db.schema.createIndex('batch_of_tenant').on('batch').columns(['tenant', 'id']).execute();

  await db.schema
    .createTable('tenant_turn')
    .addColumn('tenant', 'text', (column) => column.primaryKey())
    .addColumn('deficit', 'double precision', (column) => column.notNull().defaultTo(0))
    .addColumn('dispatched_at', 'timestamptz')
    .execute();

  await db.schema
    .alterTable('job')
    .addColumn('priority', 'smallint', (column) => column.notNull().defaultTo(5))
    .addColumn('cost', 'double precision', (column) => column.notNull().defaultTo(0))
    .addColumn('virtual_time', 'double precision', (column) => column.notNull().defaultTo(0))
    .addColumn('batch_id', id, (column) => column.references('batch.id'))
    .addColumn('batch_index', 'integer')
    .addColumn('dispatched_at', 'timestamptz')
    .execute();
  await fillInJobs(db);
  await indexJobs(db);
}

/** What was accepted before: the cost of a plan as src/generation/cost.ts has it, and the turn of priority 5. */
async function fillInJobs(db: Kysely<Tables>): Promise<void> {
  const factor = (name: string) => sql`(plan->>${sql.lit(name)})::double precision`;
  await sql`
    update ${sql.table('armature.job')} set
      virtual_time = extract(epoch from created_at) - 50,
      cost = coalesce(${sql.join(['width', 'height', 'steps', 'count', 'bestOf'].map(factor), sql` * `)}, 0)`.execute(
    db,
  );
}

async function indexJobs(db: Kysely<Tables>): Promise<void> {
  const job = sql.table('armature.job');
  await sql`
    create index job_waiting on ${job} (tenant, coalesce(batch_id, ''), virtual_time, id)
    where status = 'queued' and dispatched_at is null`.execute(db);
  await sql`
    create index job_dispatched on ${job} (id)
    where status = 'running' or (status = 'queued' and dispatched_at is not null)`.execute(db);
  await sql`
    create unique index job_of_batch on ${job} (batch_id, batch_index) where batch_id is not null`.execute(db);
  await sql`
    create index job_of_batch_by_status on ${job} (batch_id, status, batch_index)
    where batch_id is not null`.execute(db);
}
