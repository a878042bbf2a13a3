import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/**
 * How much of what it costs a job has drawn, beside its progress: a batch adds it up without looking into JSON. Jobs that were being drawn
 * begin another attempt, and so have none.
 */
export async function keepProgressShares(db: Kysely<Tables>): Promise<void> {
  await db.schema.alterTable('job').addColumn('progress_share', 'double precision').execute();
}
