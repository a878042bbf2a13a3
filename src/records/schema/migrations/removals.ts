import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** What is gone for everybody, while its objects may still be there. */
export async function createRemovals(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('removal')
    .addColumn('job_id', sql`text collate "C"`, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .alterTable('upload')
    .addColumn('deleted', 'boolean', (column) => column.notNull().defaultTo(false))
    .execute();
  await sql`create index upload_deleted on ${sql.table('armature.upload')} (key) where deleted`.execute(db);
}
