import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Trainings, and the models that come of them, which outlive their jobs. */
export async function keepTrainings(db: Kysely<Tables>): Promise<void> {
  const id = sql`text collate "C"`;
  await db.schema
    .createTable('training')
    .addColumn('job_id', id, (column) => column.primaryKey().references('job.id').onDelete('cascade'))
    .addColumn('report', 'jsonb')
    .execute();
  await db.schema
    .createTable('trained_model')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('job_id', id, (column) => column.notNull().unique())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('condition', 'text')
    .addColumn('files', 'jsonb', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('published', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema.createIndex('trained_model_of_tenant').on('trained_model').columns(['tenant', 'id']).execute();
}
