import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** How much of what it costs a job has drawn, beside its progress: a batch adds it up without looking into JSON. */
export async function keepProgressShares(db: Kysely<Tables>): Promise<void> {
  await db.schema.alterTable('job').addColumn('progress_share', 'double precision').execute();
  await sql`
    update ${sql.table('armature.job')} set progress_share = (progress->>'step')::double precision / (progress->>'steps')::double precision
    where status = 'running' and progress is not null`.execute(db);
}
