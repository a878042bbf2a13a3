import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Which models a worker's device has in memory. */
export async function tellLoadedModels(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('worker')
    .addColumn('loaded', sql`text[]`, (column) => column.notNull().defaultTo(sql`'{}'`))
    .execute();
}
