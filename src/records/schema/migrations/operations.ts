import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** What an operator wants to see: who draws, what ended lately, and to which trace a job belongs. */
export async function createOperations(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('worker')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('pid', 'integer', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('device_state', 'text', (column) => column.notNull())
    .addColumn('device_detail', 'text', (column) => column.notNull())
    .addColumn('started_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('seen_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema.alterTable('job').addColumn('trace_parent', 'text').execute();
  await db.schema
    .createIndex('job_finished')
    .on('job')
    .column('finished_at')
    .where(sql.ref('finished_at'), 'is not', null)
    .execute();
  await db.schema
    .createIndex('webhook_delivery_dead')
    .on('webhook_delivery')
    .column('id')
    .where(sql.ref('status'), '=', sql.lit('dead'))
    .execute();
}
