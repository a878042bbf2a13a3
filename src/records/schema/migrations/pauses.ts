import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Jobs that are paused, and what those that run are asked for. */
export async function allowPauses(db: Kysely<Tables>): Promise<void> {
  const job = sql.table('armature.job');
  await sql`alter table ${job} drop constraint job_status_check`.execute(db);
  await sql`
    alter table ${job}
      add column asked_for text check (asked_for in ('pause', 'stop')),
      add constraint job_status_check check (
        status in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'))`.execute(db);
  await db.schema
    .createIndex('job_paused')
    .on('job')
    .columns(['tenant', 'id'])
    .where(sql.ref('status'), '=', sql.lit('paused'))
    .execute();
}
