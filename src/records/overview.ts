import { sql, type Kysely } from 'kysely';
import type { ErrorCode } from '../errors.ts';
import type { JobStatus } from '../generation/job.ts';
import type { Tables } from './schema.ts';

/** Jobs that are not final. */
export interface QueueCounts {
  readonly queued: number;
  readonly running: number;
  /** When the oldest queued job was accepted; null where none waits. */
  readonly oldestQueuedAt: Date | null;
}

export interface TenantCounts {
  readonly tenant: string;
  readonly queued: number;
  readonly running: number;
}

export interface FailureCount {
  readonly code: ErrorCode;
  readonly count: number;
  readonly lastAt: Date;
  /** The job that failed last with this code. */
  readonly lastJob: string;
}

/** Figures over all tenants, for those who run the service. */
export interface OverviewRecords {
  /** Cheap: two indexes that hold nothing but these jobs. */
  queue(): Promise<QueueCounts>;
  /** Tenants with jobs that are not final, those with most first. */
  tenants(limit: number): Promise<readonly TenantCounts[]>;
  /** How many jobs ended in the last `minutes`, by final state. */
  finished(minutes: number): Promise<Readonly<Partial<Record<JobStatus, number>>>>;
  /** What failed in the last `minutes`, the most frequent code first. */
  failures(minutes: number): Promise<readonly FailureCount[]>;
}

export function sqlOverview(db: Kysely<Tables>): OverviewRecords {
  const count = sql<number>`count(*)::integer`;
  const since = (minutes: number) => sql<Date>`now() - make_interval(mins => ${minutes})`;
  // Literals, so that the planner can use the indexes over the jobs in these states alone.
  const queued = sql.lit('queued' as const);
  const running = sql.lit('running' as const);

  return {
    async queue() {
      const ofState = (state: typeof queued | typeof running) =>
        db.selectFrom('job').select(count.as('count')).where('status', '=', state);
      const row = await db
        .selectNoFrom([
          ofState(queued).as('queued'),
          ofState(running).as('running'),
          // Ids grow with time.
          db.selectFrom('job').select('created_at').where('status', '=', queued).orderBy('id').limit(1).as('oldest'),
        ])
        .executeTakeFirstOrThrow();
      return { queued: row.queued ?? 0, running: row.running ?? 0, oldestQueuedAt: row.oldest };
    },
    async tenants(limit) {
      const ofState = (state: typeof queued | typeof running) =>
        sql<number>`(count(*) filter (where status = ${state}))::integer`;
      return await db
        .selectFrom('job')
        .select(['tenant', ofState(queued).as('queued'), ofState(running).as('running')])
        .where((job) => job.or([job('status', '=', queued), job('status', '=', running)]))
        .groupBy('tenant')
        .orderBy(sql`count(*)`, 'desc')
        .orderBy('tenant')
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
    async failures(minutes) {
      const rows = await db
        .selectFrom('job')
        .select([
          sql<ErrorCode>`error->>'code'`.as('code'),
          count.as('count'),
          sql<Date>`max(finished_at)`.as('last_at'),
          sql<string>`(array_agg(id order by finished_at desc))[1]`.as('last_job'),
        ])
        .where('finished_at', '>=', since(minutes))
        .where('status', '=', 'failed')
        .groupBy(sql`error->>'code'`)
        .orderBy(sql`count(*)`, 'desc')
        .execute();
      return rows.map((row) => ({ code: row.code, count: row.count, lastAt: row.last_at, lastJob: row.last_job }));
    },
  };
}
