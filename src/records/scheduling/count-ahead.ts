import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema/schema.ts';
import { isDispatched } from './scheduling.ts';

/** Jobs at the front of a flow, and as many at its end, among which places are counted; between them they are estimated. */
const counted = 250;

const job = sql.table('armature.job');
const flow = sql.table('armature.flow');

/**
 * The nearest jobs from one end of each flow that is asked for: those of others that follow in the index are left out when
 * they have been read, since a planner that is told of the flow takes it for short, and reads and sorts all of it.
 */
const nearest = (from: '<=' | '>=', order: 'asc' | 'desc') => sql`
  select wanted.tenant, wanted.flow, one.id, one.virtual_time, one.number from wanted, lateral (
    select *, row_number() over () as number from (
      select id, tenant, coalesce(batch_id, '') as flow, virtual_time from ${job}
      where status = 'queued' and dispatched_at is null
        and (tenant, coalesce(batch_id, '')) ${sql.raw(from)} (wanted.tenant, wanted.flow)
      order by tenant ${sql.raw(order)}, coalesce(batch_id, '') ${sql.raw(order)}, virtual_time ${sql.raw(order)}, id ${sql.raw(order)}
      limit ${sql.lit(counted)}) as ordered) as one
  where one.tenant = wanted.tenant and one.flow = wanted.flow`;

/**
 * About how many jobs will be started before each of these queued ones. Of those that have been moved into the queue, the
 * ones that came there before; for one that waits in records all of these, those of its own flow that are before it, its
 * tenant's jobs outside batches where it is of a batch, and of every other flow at most as many as of its own, since they
 * take turns. However many jobs wait, only some at both ends of the flows that are asked for are read: a place between them is
 * told by how the times of the flow's jobs are spread.
 */
export async function countAhead(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly number[]> {
  const { rows } = await sql<{ id: string; ahead: number }>`
    with own as materialized (
      select id, tenant, coalesce(batch_id, '') as flow, virtual_time, dispatched_at from ${job}
      where id = any (${ids}::text[])),
    dispatched as materialized (
      select id, row_number() over (order by dispatched_at, id) - 1 as before from ${job}
      where ${isDispatched} and status = 'queued'),
    wanted as materialized (
      select flow.tenant, flow.flow, flow.jobs from ${flow} as flow
      where (flow.tenant, flow.flow) in (select tenant, flow from own where dispatched_at is null)),
    first as materialized (${nearest('>=', 'asc')}),
    last as materialized (${nearest('<=', 'desc')}),
    middle as materialized (
      select tenant, flow, wanted.jobs - 2 * ${sql.lit(counted)} as jobs,
        (select max(virtual_time) from first where first.tenant = wanted.tenant and first.flow = wanted.flow) as begins,
        (select min(virtual_time) from last where last.tenant = wanted.tenant and last.flow = wanted.flow) as ends
      from wanted),
    waiting as materialized (
      select own.id, own.tenant, own.flow, coalesce(
        first.number, wanted.jobs - last.number + 1,
        ${sql.lit(counted)} + round(middle.jobs * coalesce(
          (own.virtual_time - middle.begins) / nullif(middle.ends - middle.begins, 0), 0.5)), 1)::bigint as place
      from own left join wanted using (tenant, flow) left join middle using (tenant, flow)
      left join first on first.id = own.id left join last on last.id = own.id
      where own.dispatched_at is null),
    sizes as materialized (select jobs, count(*) as flows from ${flow} group by jobs),
    batches as materialized (
      select tenant, jobs, count(*) as flows from ${flow}
      where flow <> '' and tenant in (select tenant from wanted) group by tenant, jobs),
    outside as (select tenant, jobs from ${flow} where flow = '' and tenant in (select tenant from wanted))
    select own.id, case when own.dispatched_at is not null then coalesce(dispatched.before, 0) else
      (select count(*) from dispatched)
      + (select coalesce(sum(flows * least(jobs, place)), 0) from sizes) - 1
      + case when own.flow = ''
        then -(select coalesce(sum(flows * least(jobs, place)), 0) from batches where batches.tenant = own.tenant)
        else coalesce((select jobs - least(jobs, place) from outside where outside.tenant = own.tenant), 0) end
      end::integer as ahead
    from own left join dispatched on dispatched.id = own.id left join waiting on waiting.id = own.id`.execute(db);
  const ahead = new Map(rows.map((row) => [row.id, row.ahead]));
  return ids.map((id) => ahead.get(id) ?? 0);
}
