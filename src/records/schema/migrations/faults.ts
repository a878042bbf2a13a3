import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

export async function addFaults(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('job')
    .addColumn('strikes', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('losses', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('last_fault', 'jsonb')
    .addColumn('dead', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('checkpoint', 'jsonb')
    .execute();
  // Few among many: the list of dead jobs reads just these.
  await db.schema
    .createIndex('job_dead')
    .on('job')
    .columns(['tenant', 'id'])
    .where(sql.ref('dead'), '=', true)
    .execute();
}
