import { sql, type Kysely, type RawBuilder } from 'kysely';
import { objectsOfPlan } from '../pictures/pictures.ts';
import type { Tables } from '../schema/schema.ts';
import { jobChannel } from '../schema/job-channel.ts';

/**
 * Deletes the jobs that a condition is true of, with their events and deliveries, in one statement: from then on nobody
 * sees anything of them. A removal stays of each until its objects are gone, and its inputs are loose. Returns their ids.
 */
export async function removeJobs(db: Kysely<Tables>, condition: RawBuilder<unknown>): Promise<readonly string[]> {
  const input = sql.table('armature.input');
  // Inputs are locked in the order of keys, as whoever claims them does.
  const { rows } = await sql<{ id: string }>`
    with removed as (
      delete from ${sql.table('armature.job')} where ${condition} returning id, tenant, ${objectsOfPlan} as objects),
    noted as (
      insert into ${sql.table('armature.removal')} (job_id, tenant) select id, tenant from removed on conflict do nothing),
    locked as (
      select key from ${input} where key in (select jsonb_array_elements_text(objects) from removed)
      order by key for update),
    loosened as (update ${input} set loose = true where key in (select key from locked))
    select id, pg_notify(${sql.lit(jobChannel)}, id || ' end') from removed`.execute(db);
  return rows.map(({ id }) => id);
}
