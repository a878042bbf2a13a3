import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** Jobs at the front of a flow, and as many at its end, among which places are counted; between them they are estimated. */
const counted = 100;

/**
 * The nearest jobs from one end of each flow that is asked for: those of others that follow in the index are left out when
 * they have been read, since a planner that is told of the flow takes it for short, and reads and sorts all of it.
 */
const nearest = (from: '<=' | '>=', order: 'asc' | 'desc'): string => `
  select wanted.tenant, wanted.flow, one.id, one.virtual_time, one.number from wanted, lateral (
    select *, row_number() over () as number from (
      select job.id, job.tenant, coalesce(job.batch_id, '') as flow, job.virtual_time from armature.job as job
      where job.status = 'queued' and job.dispatched_at is null
        and (job.tenant, coalesce(job.batch_id, '')) ${from} (wanted.tenant, wanted.flow)
      order by job.tenant ${order}, coalesce(job.batch_id, '') ${order}, job.virtual_time ${order}, job.id ${order}
      limit ${counted}) as ordered) as one
  where one.tenant = wanted.tenant and one.flow = wanted.flow`;

/** See count-ahead.ts. */
const places = `
  with own as materialized (
    select job.id, job.tenant, coalesce(job.batch_id, '') as flow, job.virtual_time, job.dispatched_at
    from armature.job as job where job.id = any (asked)),
  dispatched as materialized (
    select job.id, row_number() over (order by job.dispatched_at, job.id) - 1 as before from armature.job as job
    where (job.status = 'running' or (job.status = 'queued' and job.dispatched_at is not null)) and job.status = 'queued'),
  wanted as materialized (
    select kept.tenant, kept.flow, kept.jobs from armature.flow as kept
    where (kept.tenant, kept.flow) in (select own.tenant, own.flow from own where own.dispatched_at is null)),
  first as materialized (${nearest('>=', 'asc')}),
  last as materialized (${nearest('<=', 'desc')}),
  middle as materialized (
    select wanted.tenant, wanted.flow, wanted.jobs - 2 * ${counted} as jobs,
      (select max(first.virtual_time) from first where first.tenant = wanted.tenant and first.flow = wanted.flow) as begins,
      (select min(last.virtual_time) from last where last.tenant = wanted.tenant and last.flow = wanted.flow) as ends
    from wanted),
  waiting as materialized (
    select own.id, own.tenant, own.flow, coalesce(
      first.number, wanted.jobs - last.number + 1,
      ${counted} + round(middle.jobs * coalesce(
        (own.virtual_time - middle.begins) / nullif(middle.ends - middle.begins, 0), 0.5)), 1)::bigint as place
    from own left join wanted using (tenant, flow) left join middle using (tenant, flow)
    left join first on first.id = own.id left join last on last.id = own.id
    where own.dispatched_at is null),
  sizes as materialized (select kept.jobs, count(*) as flows from armature.flow as kept group by kept.jobs),
  batches as materialized (
    select kept.tenant, kept.jobs, count(*) as flows from armature.flow as kept
    where kept.flow <> '' and kept.tenant in (select wanted.tenant from wanted) group by kept.tenant, kept.jobs)
  select own.id, (case when own.dispatched_at is not null then coalesce(dispatched.before, 0) else
    (select count(*) from dispatched)
    + (select coalesce(sum(sizes.flows * least(sizes.jobs, waiting.place)), 0) from sizes) - 1
    + case when own.flow = ''
      then -(select coalesce(sum(batches.flows * least(batches.jobs, waiting.place)), 0)
        from batches where batches.tenant = own.tenant)
      else coalesce((select outside.jobs - least(outside.jobs, waiting.place)
        from armature.flow as outside where outside.tenant = own.tenant and outside.flow = ''), 0) end
    end)::integer
  from own left join dispatched on dispatched.id = own.id left join waiting on waiting.id = own.id`;

/**
 * The places of waiting jobs, as a function: a session plans it once, which for a statement of this size takes ten times as
 * long as to run it.
 */
export async function tellPlaces(db: Kysely<Tables>): Promise<void> {
  await sql`
    create function armature.count_ahead(asked text[]) returns table (id text, ahead integer)
    language plpgsql stable set plan_cache_mode = force_generic_plan
    as ${sql.lit(`begin return query ${places}; end`)}`.execute(db);
}
