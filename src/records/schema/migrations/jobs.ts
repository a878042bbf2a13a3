import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

export async function createFirstTables(db: Kysely<Tables>): Promise<void> {
  const now = sql`now()`;
  // Ids compare byte by byte, whatever the database's own collation: their order is the order of time.
  const id = sql`text collate "C"`;
  await db.schema
    .createTable('job')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) =>
      column.notNull().check(sql`status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')`),
    )
    .addColumn('plan', 'jsonb', (column) => column.notNull())
    .addColumn('warnings', 'jsonb', (column) => column.notNull())
    .addColumn('metadata', 'jsonb')
    .addColumn('progress', 'jsonb')
    .addColumn('attempt', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('cancel_requested', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('result', 'jsonb')
    .addColumn('error', 'jsonb')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .addColumn('started_at', 'timestamptz')
    .addColumn('finished_at', 'timestamptz')
    .addColumn('event_seq', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex('job_of_tenant').on('job').columns(['tenant', 'id']).execute();
  await db.schema.createIndex('job_of_tenant_by_status').on('job').columns(['tenant', 'status', 'id']).execute();
  await db.schema
    .createIndex('job_queued')
    .on('job')
    .column('id')
    .where(sql.ref('status'), '=', sql.lit('queued'))
    .execute();
  await db.schema
    .createIndex('job_running')
    .on('job')
    .column('id')
    .where(sql.ref('status'), '=', sql.lit('running'))
    .execute();

  await db.schema
    .createTable('job_event')
    .addColumn('job_id', id, (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('data', 'jsonb', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .addPrimaryKeyConstraint('job_event_pkey', ['job_id', 'seq'])
    .execute();
  // Of a job's progress only the last report is kept: the table must not grow by the step.
  await db.schema
    .createIndex('job_event_progress')
    .unique()
    .on('job_event')
    .column('job_id')
    .where(sql.ref('type'), '=', sql.lit('progress'))
    .execute();

  await db.schema
    .createTable('upload')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('content_type', 'text', (column) => column.notNull())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('width', 'integer', (column) => column.notNull())
    .addColumn('height', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .addUniqueConstraint('upload_by_content', ['tenant', 'sha256'])
    .execute();
}
