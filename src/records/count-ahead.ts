import { sql, type Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/**
 * About how many jobs will be started before a queued one. Of those that have been moved into the queue, the ones that came
 * there before; for one that waits in records all of these, those of its own flow that are before it, its tenant's jobs
 * outside batches where it is of a batch, and of every other flow at most as many as of its own, since they take turns.
 */
export async function countAhead(db: Kysely<Tables>, id: string): Promise<number> {
  const job = sql.table('armature.job');
  const { rows } = await sql<{ ahead: number }>`
    with own as (
      select id, tenant, coalesce(batch_id, '') as flow, virtual_time, dispatched_at from ${job} where id = ${id}),
    flow as (
      select tenant, coalesce(batch_id, '') as flow, count(*) as jobs from ${job}
      where status = 'queued' and dispatched_at is null and (select dispatched_at is null from own)
      group by tenant, coalesce(batch_id, '')),
    in_flow as (
      select count(*) as jobs from own, ${job} as other
      where other.status = 'queued' and other.dispatched_at is null and own.dispatched_at is null
        and other.tenant = own.tenant and coalesce(other.batch_id, '') = own.flow
        and (other.virtual_time, other.id) < (own.virtual_time, own.id))
    select (
      (select count(*) from own, ${job} as other where other.status = 'queued' and other.dispatched_at is not null
        and (own.dispatched_at is null or (other.dispatched_at, other.id) < (own.dispatched_at, own.id)))
      + (select jobs from in_flow)
      + coalesce((select sum(case
          when flow.tenant <> own.tenant then least(flow.jobs, (select jobs + 1 from in_flow))
          when own.flow = '' then 0
          when flow.flow = '' then flow.jobs
          else least(flow.jobs, (select jobs + 1 from in_flow)) end)
        from flow, own where (flow.tenant, flow.flow) <> (own.tenant, own.flow)), 0)
    )::integer as ahead`.execute(db);
  return rows[0]?.ahead ?? 0;
}
