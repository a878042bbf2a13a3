import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** What trainings showed on their way, by step. */
export async function keepLooks(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('training_look')
    .addColumn('job_id', sql`text collate "C"`, (column) => column.references('job.id').onDelete('cascade'))
    .addColumn('step', 'integer')
    .addColumn('look', 'jsonb', (column) => column.notNull())
    .addPrimaryKeyConstraint('training_look_pkey', ['job_id', 'step'])
    .execute();
}
