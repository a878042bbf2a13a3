import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** What all processes of a service sign with. */
export async function createSecrets(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('secret')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}
