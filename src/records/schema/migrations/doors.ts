import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** By which way a job came, and under which name of its client's. What was there before came by our own API. */
export async function keepDoors(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('job')
    .addColumn('dialect', 'text', (column) => column.notNull().defaultTo('armature'))
    .addColumn('external_id', 'text')
    .execute();
  await db.schema
    .createIndex('job_by_external_id')
    .on('job')
    .columns(['tenant', 'dialect', 'external_id', 'id'])
    .where(sql.ref('external_id'), 'is not', null)
    .execute();
}
