import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Batches whose cancel was requested and is not through yet. */
export async function keepBatchCancels(db: Kysely<Tables>): Promise<void> {
  await db.schema.alterTable('batch').addColumn('cancelling_since', 'timestamptz').execute();
  await sql`
    create index batch_cancelling on ${sql.table('armature.batch')} (id) where cancelling_since is not null`.execute(
    db,
  );
}
