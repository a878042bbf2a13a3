import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Training sets that arrive piece by piece, and the objects of which each is made. */
export async function createSets(db: Kysely<Tables>): Promise<void> {
  const now = sql`now()`;
  await db.schema
    .createTable('set_upload')
    .addColumn('id', sql`text collate "C"`, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('key', sql`text collate "C"`, (column) => column.notNull())
    .addColumn('name', 'text')
    .addColumn('size', 'bigint')
    .addColumn('received', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('archive', 'text')
    .addColumn('writer', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('deleted', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .addColumn('used_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .execute();
  await db.schema.createIndex('set_upload_of_tenant').on('set_upload').columns(['tenant', 'id']).execute();
  await db.schema.createIndex('set_upload_by_use').on('set_upload').column('used_at').execute();
  await db.schema
    .createTable('set_part')
    .addColumn('set_id', sql`text collate "C"`, (column) =>
      column.notNull().references('set_upload.id').onDelete('cascade'),
    )
    .addColumn('index', 'integer', (column) => column.notNull())
    .addColumn('key', sql`text collate "C"`, (column) => column.notNull().unique())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('set_part_of_set', ['set_id', 'index'])
    .execute();
}
