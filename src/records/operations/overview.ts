import { sql, type Kysely } from 'kysely';
import type { ErrorCode } from '../../errors.ts';
import type { JobStatus } from '../../generation/job.ts';
import { pacingKinds } from '../../generation/kinds/kinds.ts';
import { isDispatched } from '../scheduling/scheduling.ts';
import type { Tables } from '../schema/schema.ts';

/** What is not done yet, and what was given up. */
export interface QueueCounts {
  /** Queued jobs that have not been moved into the queue: their turn is yet to come. */
  readonly waiting: number;
  /** Queued jobs in the queue. */
  readonly dispatched: number;
  readonly running: number;
  readonly paused: number;
  /** When the oldest queued job was accepted; null where there is none. */
  readonly oldestQueuedAt: Date | null;
  /** Jobs that had more faults than they may. */
  readonly dead: number;
  readonly webhooksPending: number;
  readonly webhooksDead: number;
}

export interface TenantCounts {
  readonly tenant: string;
  readonly waiting: number;
  readonly dispatched: number;
  readonly running: number;
}

export interface BatchCounts {
  readonly id: string;
  readonly tenant: string;
  readonly name: string | null;
  readonly createdAt: Date;
  readonly items: number;
  /** Items in a final state. */
  readonly ended: number;
  readonly failed: number;
}

export interface FailureCount {
  readonly code: ErrorCode;
  readonly count: number;
  readonly lastAt: Date;
  /** The job that failed last with this code. */
  readonly lastJob: string;
}

/** What a drawing cost, and when it was made. */
export interface DrawnJob {
  /** Pixel steps. */
  readonly cost: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** Figures over all tenants, for those who run the service. */
export interface OverviewRecords {
  /** Cheap: each figure has an index that holds nothing but what it counts. */
  queue(): Promise<QueueCounts>;
  /** Tenants with jobs that are not final, those with most first. */
  tenants(limit: number): Promise<readonly TenantCounts[]>;
  /** Batches with items that are not final, the newest first. */
  batches(limit: number): Promise<readonly BatchCounts[]>;
  /** How many jobs ended in the last `minutes`, by final state. */
  finished(minutes: number): Promise<Readonly<Partial<Record<JobStatus, number>>>>;
  /** The generations that succeeded last, whoever's they are, at most `limit` and none that is older than a day. */
  lastDrawn(limit: number): Promise<readonly DrawnJob[]>;
  /** What failed in the last `minutes`, the most frequent code first. */
  failures(minutes: number): Promise<readonly FailureCount[]>;
}

// Literals, so that the planner can use the indexes over the rows in these states alone.
const queued = sql<boolean>`(status = 'queued')`;
const dispatched = sql<boolean>`(${isDispatched} and status = 'queued')`;
const running = sql<boolean>`(status = 'running')`;
const paused = sql<boolean>`(status = 'paused')`;

const job = sql.table('armature.job');
const batch = sql.table('armature.batch');
/** How many jobs of each flow wait. */
const flow = sql.table('armature.flow');

const count = sql<number>`count(*)::integer`;
const since = (minutes: number) => sql<Date>`now() - make_interval(mins => ${minutes})`;

export function sqlOverview(db: Kysely<Tables>): OverviewRecords {
  const jobs = (condition: typeof queued) => db.selectFrom('job').select(count.as('count')).where(condition);
  const webhooks = (status: 'pending' | 'dead') =>
    db.selectFrom('webhook_delivery').select(count.as('count')).where('status', '=', sql.lit(status));
  // Ids grow with time.
  const oldest = db.selectFrom('job').select('created_at').where(queued).orderBy('id').limit(1);

  return {
    async queue() {
      const row = await db
        .selectNoFrom([
          sql<number | null>`(select sum(jobs)::integer from ${flow})`.as('waiting'),
          jobs(dispatched).as('dispatched'),
          jobs(running).as('running'),
          jobs(paused).as('paused'),
          jobs(sql<boolean>`dead = true`).as('dead'),
          webhooks('pending').as('webhooksPending'),
          webhooks('dead').as('webhooksDead'),
          oldest.as('oldestQueuedAt'),
        ])
        .executeTakeFirstOrThrow();
      return {
        waiting: row.waiting ?? 0,
        dispatched: row.dispatched ?? 0,
        running: row.running ?? 0,
        paused: row.paused ?? 0,
        dead: row.dead ?? 0,
        webhooksPending: row.webhooksPending ?? 0,
        webhooksDead: row.webhooksDead ?? 0,
        oldestQueuedAt: row.oldestQueuedAt,
      };
    },
    async tenants(limit) {
      const { rows } = await sql<TenantCounts>`
        select tenant, sum(waiting)::integer as waiting, sum(dispatched)::integer as dispatched, sum(running)::integer as running
        from (
          select tenant, jobs as waiting, 0 as dispatched, 0 as running from ${flow}
          union all
          select tenant, 0, (status = 'queued')::integer, (status = 'running')::integer from ${job} where ${isDispatched}
        ) as open
        group by tenant order by sum(waiting + dispatched + running) desc, tenant limit ${limit}`.execute(db);
      return rows;
    },
    async batches(limit) {
      const { rows } = await sql<BatchCounts>`
        select open.*, (
          select count(*)::integer from ${job}
          where batch_id = open.id and status in ('succeeded', 'failed', 'cancelled')) as ended, (
          select count(*)::integer from ${job} where batch_id = open.id and status = 'failed') as failed
        from (
          select id, tenant, name, created_at as "createdAt", items from ${batch}
          where accepted and id in (
            select flow from ${flow} where flow <> ''
            union all select batch_id from ${job} where ${isDispatched} and batch_id is not null)
          order by id desc limit ${limit}) as open
        order by open.id desc`.execute(db);
      return rows;
    },
    async finished(minutes) {
      const rows = await db
        .selectFrom('job')
        .select(['status', count.as('count')])
        .where('finished_at', '>=', since(minutes))
        .groupBy('status')
        .execute();
      return Object.fromEntries(rows.map((row) => [row.status, row.count]));
    },
    async lastDrawn(limit) {
      return await db
        .selectFrom('job')
        .select(['cost', sql<Date>`started_at`.as('startedAt'), sql<Date>`finished_at`.as('finishedAt')])
        .where('finished_at', '>=', since(24 * 60))
        .where('status', '=', 'succeeded')
        .where(sql<string>`plan->>'kind'`, 'in', pacingKinds)
        .orderBy('finished_at', 'desc')
        .limit(limit)
        .execute();
    },
    async failures(minutes) {
      return await db
        .selectFrom('job')
        .select([
          sql<ErrorCode>`error->>'code'`.as('code'),
          count.as('count'),
          sql<Date>`max(finished_at)`.as('lastAt'),
          sql<string>`(array_agg(id order by finished_at desc))[1]`.as('lastJob'),
        ])
        .where('finished_at', '>=', since(minutes))
        .where('status', '=', 'failed')
        .groupBy(sql`error->>'code'`)
        .orderBy(sql`count(*)`, 'desc')
        .execute();
    },
  };
}
