import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema/schema.ts';

/**
 * About how many jobs will be started before each of these queued ones. Of those that have been moved into the queue, the
 * ones that came there before; for one that waits in records all of these, those of its own flow that are before it, its
 * tenant's jobs outside batches where it is of a batch, and of every other flow at most as many as of its own, since they
 * take turns. All that waits is read once, however many are asked for.
 */
export async function countAhead(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly number[]> {
  const job = sql.table('armature.job');
  const { rows } = await sql<{ id: string; ahead: number }>`
    with own as (
      select id, tenant, coalesce(batch_id, '') as flow, dispatched_at from ${job}
      where id = any (${ids}::text[])),
    dispatched as (
      select id, row_number() over (order by dispatched_at, id) - 1 as before from ${job}
      where status = 'queued' and dispatched_at is not null),
    waiting as materialized (
      select id, tenant, coalesce(batch_id, '') as flow,
        row_number() over (partition by tenant, coalesce(batch_id, '') order by virtual_time, id) - 1 as before
      from ${job}
      where status = 'queued' and dispatched_at is null and exists (select from own where own.dispatched_at is null)),
    flow as materialized (select tenant, flow, count(*) as jobs from waiting group by tenant, flow)
    select own.id, case when own.dispatched_at is not null then coalesce(dispatched.before, 0) else
      (select count(*) from dispatched)
      + coalesce(waiting.before, 0)
      + coalesce((select sum(case
          when flow.tenant <> own.tenant then least(flow.jobs, waiting.before + 1)
          when own.flow = '' then 0
          when flow.flow = '' then flow.jobs
          else least(flow.jobs, waiting.before + 1) end)
        from flow where (flow.tenant, flow.flow) <> (own.tenant, own.flow)), 0)
      end::integer as ahead
    from own left join dispatched on dispatched.id = own.id left join waiting on waiting.id = own.id`.execute(db);
  const ahead = new Map(rows.map((row) => [row.id, row.ahead]));
  return ids.map((id) => ahead.get(id) ?? 0);
}
