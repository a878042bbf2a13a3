import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Who is told of the end of a batch, and what has to be counted to know when that is. */
export async function createBatchWebhooks(db: Kysely<Tables>): Promise<void> {
  const id = sql`text collate "C"`;
  const count = 'integer';
  await db.schema
    .createTable('batch_webhook')
    .addColumn('batch_id', id, (column) => column.primaryKey().references('batch.id').onDelete('cascade'))
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('secret', 'text')
    .addColumn('events', 'jsonb', (column) => column.notNull())
    .addColumn('succeeded', count, (column) => column.notNull().defaultTo(0))
    .addColumn('failed', count, (column) => column.notNull().defaultTo(0))
    .addColumn('cancelled', count, (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('job').addColumn('previous_status', 'text').execute();
  await db.schema
    .alterTable('webhook_delivery')
    .addForeignKeyConstraint('webhook_delivery_batch_id_fkey', ['batch_id'], 'batch', ['id'])
    .onDelete('cascade')
    .execute();
}
