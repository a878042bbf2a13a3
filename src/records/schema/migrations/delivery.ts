import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

export async function createDeliveryTables(db: Kysely<Tables>): Promise<void> {
  const now = sql`now()`;
  const id = sql`text collate "C"`;
  await db.schema.alterTable('job').addColumn('webhook', 'jsonb').execute();

  await db.schema
    .createTable('idempotency_key')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('route', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('claimed_until', 'timestamptz', (column) => column.notNull())
    .addColumn('resource', 'text')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_key_pkey', ['tenant', 'route', 'key'])
    .execute();
  await db.schema.createIndex('idempotency_key_by_age').on('idempotency_key').column('created_at').execute();

  await db.schema
    .createTable('webhook_delivery')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    // Told with the job, or not at all: what a user deletes is sent nowhere any more.
    .addColumn('job_id', id, (column) => column.references('job.id').onDelete('cascade'))
    .addColumn('batch_id', id)
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('snapshot', 'jsonb')
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('secret', 'text')
    .addColumn('status', 'text', (column) =>
      column
        .notNull()
        .defaultTo('pending')
        .check(sql`status in ('pending', 'delivered', 'dead')`),
    )
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('due_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .addColumn('last_status', 'integer')
    .addColumn('last_error', 'text')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .addColumn('ended_at', 'timestamptz')
    .execute();
  await db.schema
    .createIndex('webhook_delivery_pending')
    .on('webhook_delivery')
    .columns(['host', 'due_at', 'id'])
    .where(sql.ref('status'), '=', sql.lit('pending'))
    .execute();
  await db.schema.createIndex('webhook_delivery_of_job').on('webhook_delivery').column('job_id').execute();
  await db.schema.createIndex('webhook_delivery_of_batch').on('webhook_delivery').column('batch_id').execute();
  await db.schema
    .createIndex('webhook_delivery_of_tenant')
    .on('webhook_delivery')
    .columns(['tenant', 'status', 'id'])
    .execute();
  await db.schema.createIndex('webhook_delivery_by_end').on('webhook_delivery').column('ended_at').execute();
}
