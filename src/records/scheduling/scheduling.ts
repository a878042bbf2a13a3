import { sql, type Kysely } from 'kysely';
import { effectivePriority, wholePriority } from '../../generation/request/priority.ts';
import type { Tables } from '../schema/schema.ts';
import { isLong } from './lanes.ts';
import type {
  DispatchedTicket,
  Scheduling,
  Turns,
  Waiting,
  WaitingFlow,
  WaitingJob,
  WaitingTenant,
  Windows,
} from './turns.ts';

/** Key of the advisory lock of a pass: the letters FEED. */
const passLock = 0x46454544;

/** Jobs that one pass looks at, shared by all flows; each flow shows one at least. */
const horizon = 256;

/** Moved into the queue and not ended; in these words, which are those of the index over just these jobs. */
export const isDispatched = sql<boolean>`(status = 'running' or (status = 'queued' and dispatched_at is not null))`;
const isWaiting = sql`status = 'queued' and dispatched_at is null`;
const job = sql.table('armature.job');

export function sqlScheduling(db: Kysely<Tables>): Scheduling {
  return {
    dispatch: (choose, windows) =>
      db.transaction().execute(async (transaction) => {
        const { rows } = await sql<{ free: boolean }>`
          select pg_try_advisory_xact_lock(${sql.lit(passLock)}) as free`.execute(transaction);
        if (rows[0]?.free !== true) {
          return null;
        }
        const waiting = await readWaiting(transaction, windows);
        const turns = waiting === null ? null : choose(waiting, windows);
        if (turns === null || turns.tickets.length === 0) {
          return { tickets: [], more: false };
        }
        return { tickets: await markDispatched(transaction, turns), more: turns.more };
      }),
    async dispatchedJobs(after, limit) {
      const { rows } = await sql<{ tenant: string; id: string; priority: number; waited: number }>`
        select tenant, id, priority, extract(epoch from now() - dispatched_at)::double precision as waited
        from ${job} where ${isDispatched} and status = 'queued' and id > ${after ?? ''} order by id limit ${limit}
      `.execute(db);
      return rows.map(({ tenant, id, priority, waited }) => ({
        tenant,
        id,
        priority: wholePriority(effectivePriority(priority, waited)),
      }));
    },
    async depth(tenant, atMost) {
      const own = ofTenant(tenant);
      const { rows } = await sql<{ count: number }>`
        select least(${atMost}::bigint,
          (select coalesce(sum(jobs), 0) from ${sql.table('armature.flow')} where true ${own})
          + (select count(*) from ${job} where ${isDispatched} and status = 'queued' ${own}))::integer as count`.execute(
        db,
      );
      return rows[0]?.count ?? 0;
    },
    async meanCost(tenant) {
      const { rows } = await sql<{ mean: number | null }>`
        select avg(cost) as mean from (
          select cost from ${job} where status = 'queued' and not ${isLong} ${ofTenant(tenant)} order by id limit 100) as first`.execute(
        db,
      );
      return rows[0]?.mean ?? null;
    },
  };
}

function ofTenant(tenant: string | null) {
  return tenant === null ? sql`` : sql`and tenant = ${tenant}`;
}

/** What one flow's row of {@link readWaiting} holds. */
interface FlowRow {
  readonly tenant: string;
  readonly flow: string;
  readonly dispatched: number;
  readonly deficit: number;
  readonly last_dispatch: number | null;
  readonly shown: number;
  readonly jobs: readonly WaitingJob[] | null;
  readonly all_dispatched: number;
  readonly now: number;
}

/**
 * Who waits, or null where nobody does or the window of all is full. The flows are known, and of each only the first jobs
 * are read: a batch of ten thousand costs no more than one of ten.
 */
async function readWaiting(db: Kysely<Tables>, windows: Windows): Promise<Waiting | null> {
  const { rows } = await sql<FlowRow>`
    with busy as (
      select tenant, count(*)::integer as jobs from ${job} where ${isDispatched} and not ${isLong} group by tenant),
    room as (select coalesce(sum(jobs), 0)::integer as dispatched from busy having coalesce(sum(jobs), 0) < ${windows.total}),
    seen as (
      select flow.tenant, flow.flow, coalesce(busy.jobs, 0) as dispatched, batch.dispatched_at as batch_dispatched_at
      from room, ${sql.table('armature.flow')} as flow left join busy on busy.tenant = flow.tenant
      left join ${sql.table('armature.batch')} as batch on batch.id = flow.flow
      where flow.flow = '' or (batch.accepted and batch.cancelling_since is null)),
    shown as (select greatest(1, least(${windows.tenant}::integer, ${horizon}::integer / greatest(1, count(*))))::integer as jobs from seen)
    select seen.tenant, seen.flow, seen.dispatched, coalesce(turn.deficit, 0) as deficit,
      extract(epoch from case when seen.flow = '' then turn.dispatched_at else seen.batch_dispatched_at end)::double precision as last_dispatch,
      (select jobs from shown) as shown, head.jobs,
      (select dispatched from room) as all_dispatched,
      extract(epoch from now())::double precision as now
    from seen
    left join ${sql.table('armature.tenant_turn')} as turn on turn.tenant = seen.tenant
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', id, 'priority', priority, 'cost', cost,
        'createdAt', extract(epoch from created_at)::double precision) order by virtual_time, id) as jobs
      from (
        select id, priority, cost, created_at, virtual_time from ${job}
        where ${isWaiting} and tenant = seen.tenant and coalesce(batch_id, '') = seen.flow
        order by virtual_time, id limit (select jobs from shown)) as first
    ) as head on seen.dispatched < ${windows.tenant}
    order by seen.tenant, seen.flow`.execute(db);
  const first = rows[0];
  return first === undefined ? null : { now: first.now, dispatched: first.all_dispatched, tenants: tenantsOf(rows) };
}

function tenantsOf(rows: readonly FlowRow[]): readonly WaitingTenant[] {
  const tenants = new Map<string, { readonly row: FlowRow; readonly flows: WaitingFlow[] }>();
  for (const row of rows) {
    const flows = tenants.get(row.tenant)?.flows ?? [];
    tenants.set(row.tenant, { row, flows });
    if (row.jobs !== null) {
      const batch = row.flow === '' ? null : row.flow;
      flows.push({ batch, lastDispatch: row.last_dispatch, jobs: row.jobs, more: row.jobs.length === row.shown });
    }
  }
  return [...tenants.values()].map(({ row: { tenant, dispatched, deficit }, flows }) => ({
    tenant,
    dispatched,
    deficit,
    flows,
  }));
}

/** Marks the jobs that were chosen. One that was cancelled since it was read is left out of what is returned. */
async function markDispatched(db: Kysely<Tables>, { tickets, deficits }: Turns): Promise<readonly DispatchedTicket[]> {
  const outsideBatches = new Set(tickets.filter(({ batch }) => batch === null).map(({ tenant }) => tenant));
  const turns = [...deficits].map(([tenant, deficit]) => ({
    tenant,
    deficit,
    dispatched: outsideBatches.has(tenant),
  }));
  const { rows } = await sql<{ id: string }>`
    with taken as (
      update ${job} set dispatched_at = now()
      where id in (select jsonb_array_elements_text(${JSON.stringify(tickets.map(({ id }) => id))}::jsonb)) and ${isWaiting}
      returning id, batch_id),
    batches as (
      update ${sql.table('armature.batch')} set dispatched_at = now() where id in (select batch_id from taken)),
    turns as (
      select * from jsonb_to_recordset(${JSON.stringify(turns)}::jsonb)
        as turn (tenant text, deficit double precision, dispatched boolean)),
    kept as (
      insert into ${sql.table('armature.tenant_turn')} as turn (tenant, deficit, dispatched_at)
      select tenant, deficit, case when dispatched then now() end from turns
      on conflict (tenant) do update set
        deficit = excluded.deficit, dispatched_at = coalesce(excluded.dispatched_at, turn.dispatched_at)),
    gone as (
      update ${sql.table('armature.tenant_turn')} set deficit = 0
      where deficit <> 0 and tenant not in (select tenant from turns))
    select id from taken`.execute(db);
  const taken = new Set(rows.map(({ id }) => id));
  return tickets.filter(({ id }) => taken.has(id)).map(({ tenant, id, priority }) => ({ tenant, id, priority }));
}
