import { sql, type Kysely } from 'kysely';
import type { ErrorCode } from '../../errors.ts';
import type { JobStatus } from '../../generation/job.ts';
import type { Tables } from '../schema/schema.ts';

/** What is not done yet, and what was given up. */
export interface QueueCounts {
  /** Queued jobs that have not been moved into the queue: their turn is yet to come. */
  readonly waiting: number;
  /** Queued jobs in the queue. */
  readonly dispatched: number;
  readonly running: number;
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
const waiting = sql<boolean>`(status = 'queued' and dispatched_at is null)`;
const dispatched = sql<boolean>`(status = 'queued' and dispatched_at is not null)`;
const running = sql<boolean>`(status = 'running')`;
const isOpen = sql<boolean>`status in ('queued', 'running')`;

const count = sql<number>`count(*)::integer`;
const countOf = (condition: typeof waiting) => sql<number>`(count(*) filter (where ${condition}))::integer`;
const since = (minutes: number) => sql<Date>`now() - make_interval(mins => ${minutes})`;

export function sqlOverview(db: Kysely<Tables>): OverviewRecords {
  const jobs = (condition: typeof waiting) => db.selectFrom('job').select(count.as('count')).where(condition);
  const webhooks = (status: 'pending' | 'dead') =>
    db.selectFrom('webhook_delivery').select(count.as('count')).where('status', '=', sql.lit(status));
  // Ids grow with time.
  const oldest = db.selectFrom('job').select('created_at').where(queued).orderBy('id').limit(1);

  return {
    async queue() {
      const row = await db
        .selectNoFrom([
          jobs(waiting).as('waiting'),
          jobs(dispatched).as('dispatched'),
          jobs(running).as('running'),
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
        dead: row.dead ?? 0,
        webhooksPending: row.webhooksPending ?? 0,
        webhooksDead: row.webhooksDead ?? 0,
        oldestQueuedAt: row.oldestQueuedAt,
      };
    },
    async tenants(limit) {
      return await db
        .selectFrom('job')
        .select([
          'tenant',
          countOf(waiting).as('waiting'),
          countOf(dispatched).as('dispatched'),
          countOf(running).as('running'),
        ])
        .where(isOpen)
        .groupBy('tenant')
        .orderBy(sql`count(*)`, 'desc')
        .orderBy('tenant')
        .limit(limit)
        .execute();
    },
    async batches(limit) {
      const open = db.selectFrom('job').select('batch_id').where(isOpen).where('batch_id', 'is not', null);
      return await db
        .selectFrom('batch')
        .innerJoin('job', 'job.batch_id', 'batch.id')
        .select(['batch.id', 'batch.tenant', 'batch.name', 'batch.created_at as createdAt', 'batch.items'])
        .select([
          sql<number>`(count(*) filter (where job.status not in ('queued', 'running')))::integer`.as('ended'),
          sql<number>`(count(*) filter (where job.status = 'failed'))::integer`.as('failed'),
        ])
        .where('batch.id', 'in', open)
        .where('batch.accepted', '=', true)
        .groupBy('batch.id')
        .orderBy('batch.id', 'desc')
        .limit(limit)
        .execute();
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
        .where(sql`plan->>'kind'`, '=', 'generation')
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
