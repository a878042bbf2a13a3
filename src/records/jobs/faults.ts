import { sql, type Kysely } from 'kysely';
import type { SerializedError } from '../../errors.ts';
import { deadAfter, type FaultKind } from '../../generation/faults.ts';
import type { Job, JobCheckpoint, JobStatus } from '../../generation/job.ts';
import { storedCheckpoint } from '../../generation/stored-job.ts';
import { jobFromRow } from '../schema/rows.ts';
import type { Tables } from '../schema/schema.ts';
import { isLong } from '../scheduling/lanes.ts';
import { storableJson } from '../database/storable-json.ts';
import { runsAs } from './transitions.ts';
import { noProgress, type Transition, transition, transitions } from './transition.ts';

/** What records know of attempts that went wrong: strikes, losses, dead jobs and checkpoints. */
export interface FaultRecords {
  /**
   * Ends an attempt with a fault: running -> queued, or -> failed and dead where it was one too many. Returns the job as it
   * is afterwards; null, with nothing changed, where it had moved on.
   */
  note(id: string, attempt: number, kind: FaultKind, error: SerializedError): Promise<Job | null>;
  /** Notes how far an attempt's checkpoint reaches; false where the job has moved on. */
  noteCheckpoint(id: string, attempt: number, checkpoint: JobCheckpoint): Promise<boolean>;
  /** Dead jobs, newest first; of all tenants where `tenant` is null. `before` is the id of the last one of the page before. */
  deadJobs(tenant: string | null, page: { readonly before?: string; readonly limit: number }): Promise<readonly Job[]>;
  /** failed or cancelled -> queued, with no faults against it. Null where this tenant has no such job in these states. */
  retry(tenant: string, id: string): Promise<Job | null>;
  /** The `limit` oldest dead jobs, and what each costs; of all tenants where `tenant` is null. */
  oldestDead(tenant: string | null, limit: number): Promise<readonly DeadJob[]>;
  /** As {@link retry}, for those of these jobs that are dead. Returns which. */
  retryDead(ids: readonly string[]): Promise<readonly string[]>;
}

export interface DeadJob {
  readonly tenant: string;
  readonly id: string;
  /** Pixel steps. */
  readonly cost: number;
}

const columns = { strike: 'strikes', loss: 'losses' } as const;

export function sqlFaults(db: Kysely<Tables>): FaultRecords {
  return {
    async note(id, attempt, kind, error) {
      const column = columns[kind];
      const isDead = sql<boolean>`${sql.ref(column)} + 1 >= ${sql.lit(deadAfter[kind])}`;
      const row = await transition(db, {
        where: runsAs(id, attempt),
        set: () => ({
          [column]: sql<number>`${sql.ref(column)} + 1`,
          last_fault: storableJson(error),
          dead: isDead,
          status: sql<JobStatus>`case when ${isDead} then 'failed' else 'queued' end`,
          error: sql<string | null>`case when ${isDead} then ${storableJson(error)}::jsonb end`,
          finished_at: sql<Date | null>`case when ${isDead} then now() end`,
          started_at: sql<Date | null>`case when ${isDead} then started_at end`,
          progress: sql<string | null>`case when ${isDead} then progress end`,
          progress_share: sql<number | null>`case when ${isDead} then progress_share end`,
        }),
        detail: { fault: kind, reason: error },
      });
      return row === null ? null : jobFromRow(row);
    },

    async noteCheckpoint(id, attempt, checkpoint) {
      const row = await db
        .updateTable('job')
        .set({ checkpoint: JSON.stringify(storedCheckpoint.write(checkpoint)) })
        .where(runsAs(id, attempt))
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async deadJobs(tenant, { before, limit }) {
      let query = db.selectFrom('job').selectAll().where('dead', '=', sql.lit(true));
      query = tenant === null ? query : query.where('tenant', '=', tenant);
      query = before === undefined ? query : query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(jobFromRow);
    },

    async retry(tenant, id) {
      const row = await transition(db, {
        where: (row) =>
          row.and([row('tenant', '=', tenant), row('id', '=', id), row('status', 'in', ['failed', 'cancelled'])]),
        set: anew,
      });
      return row === null ? null : jobFromRow(row);
    },

    async oldestDead(tenant, limit) {
      const query = db.selectFrom('job').select(['tenant', 'id', 'cost']).where('dead', '=', sql.lit(true));
      const own = tenant === null ? query : query.where('tenant', '=', tenant);
      return await own.orderBy('id').limit(limit).execute();
    },

    async retryDead(ids) {
      if (ids.length === 0) return [];
      // Asked again in the row itself: two who replay at once retry each job once.
      const where: Transition['where'] = (row) => row.and([row('id', 'in', [...ids]), row('dead', '=', sql.lit(true))]);
      return (await transitions(db, { where, set: anew })).map(({ id }) => id);
    },
  };
}

/** A final job as it was accepted, but for its attempts, which count on: objects of earlier ones keep their keys. */
export function anew() {
  return {
    status: 'queued' as const,
    // Back to those that wait for their turn, in the lane that has turns.
    dispatched_at: sql<Date | null>`case when ${isLong} then now() end`,
    strikes: 0,
    losses: 0,
    last_fault: null,
    dead: false,
    checkpoint: null,
    cancel_requested: false,
    asked_for: null,
    result: null,
    error: null,
    ...noProgress,
    started_at: null,
    finished_at: null,
  };
}
