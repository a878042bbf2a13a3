import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

export async function createKeyTables(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('api_key')
    .addColumn('id', sql`text collate "C"`, (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('scopes', 'jsonb', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('submissions_per_minute', 'integer')
    .addColumn('reads_per_minute', 'integer')
    .addColumn('quota_cost', 'double precision')
    .addColumn('quota_window', 'text', (column) => column.check(sql`quota_window in ('day', 'month')`))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('expires_at', 'timestamptz')
    .addColumn('revoked_at', 'timestamptz')
    .addColumn('last_used_at', 'timestamptz')
    .execute();

  // What was used up: cost under `day` and `month`, requests under `submissions` and `reads`, by the start of the window.
  await db.schema
    .createTable('usage')
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('window_start', 'timestamptz', (column) => column.notNull())
    .addColumn('amount', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('usage_pkey', ['account', 'kind', 'window_start'])
    .execute();
  await db.schema.createIndex('usage_by_window').on('usage').columns(['kind', 'window_start']).execute();
}
