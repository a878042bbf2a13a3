import { sql, type Kysely } from 'kysely';
import { type SerializedError, serializeError } from '../../errors.ts';
import { deadAfter } from '../../generation/faults.ts';
import type { Job, JobResult, JobStatus, JobWish, Progress } from '../../generation/job.ts';
import { storedProgress, storedResult } from '../../generation/stored-job.ts';
import { isOfNewerRelease } from '../../generation/stored-json.ts';
import { jobFromRow } from '../schema/rows.ts';
import type { Tables } from '../schema/schema.ts';
import { storableJson } from '../database/storable-json.ts';
import { announcement, eventData, noProgress, type Transition, transition } from './transition.ts';

const now = sql<Date>`now()`;

/** See {@link Records.startAttempt}. */
export async function startAttempt(db: Kysely<Tables>, tenant: string, id: string): Promise<Job | null> {
  const row = await transition(db, {
    where: (row) =>
      row.and([row('tenant', '=', tenant), row('id', '=', id), row('status', 'in', ['queued', 'running'])]),
    set: () => ({
      status: sql<JobStatus>`case when ${isCancelled} then 'cancelled' when ${lostTooMany} then 'failed' when ${isPaused} then 'paused' else 'running' end`,
      attempt: sql<number>`case when ${ends} or ${isPaused} then attempt else attempt + 1 end`,
      started_at: sql<Date | null>`case when ${ends} then started_at when not ${isPaused} then now() end`,
      finished_at: sql<Date | null>`case when ${ends} then now() end`,
      asked_for: sql<JobWish | null>`case when not ${isPaused} then asked_for end`,
      ...noProgress,
      losses: sql<number>`case when ${lost} then losses + 1 else losses end`,
      last_fault: sql<string | null>`case when ${lost} then ${workerLost}::jsonb else last_fault end`,
      dead: sql<boolean>`${lostTooMany} and not ${isCancelled}`,
      error: sql<string | null>`case when ${lostTooMany} and not ${isCancelled} then ${workerLost}::jsonb end`,
    }),
  });
  if (row?.status !== 'running') return null;
  try {
    return jobFromRow(row);
  } catch (error) {
    // A worker of the newer release takes it: what has not begun is no loss.
    if (isOfNewerRelease(error)) await releaseAttempt(db, id, row.attempt, serializeError(error));
    throw error;
  }
}

/** A job that is started while it runs has lost its worker. */
const lost = sql<boolean>`status = 'running'`;
const lostTooMany = sql<boolean>`(${lost} and losses + 1 >= ${sql.lit(deadAfter.loss)})`;
/** Asked to stop, itself or with all of its batch. */
const isCancelled = sql<boolean>`(cancel_requested or exists (
  select from ${sql.table('armature.batch')} as batch where batch.id = batch_id and batch.cancelling_since is not null))`;
/** Asked to pause, of an attempt that has ended since. */
const isPaused = sql<boolean>`(asked_for is not distinct from 'pause')`;
const ends = sql<boolean>`(${isCancelled} or ${lostTooMany})`;
const workerLost = JSON.stringify({
  code: 'worker_lost',
  detail: 'The worker ended, or was out of touch for too long, while it had the job.',
} satisfies SerializedError);

/** The compare of every step that a worker takes: the job runs, and under the worker's own attempt. */
export function runsAs(id: string, attempt: number): Transition['where'] {
  return (row) => row.and([row('id', '=', id), row('attempt', '=', attempt), row('status', '=', 'running')]);
}

export async function commitResult(
  db: Kysely<Tables>,
  id: string,
  attempt: number,
  result: JobResult,
): Promise<boolean> {
  const stored_bytes = [...result.outputs, ...result.maps].reduce((sum, { bytes }) => sum + bytes, 0);
  const set = () => ({
    status: 'succeeded' as const,
    result: JSON.stringify(storedResult.write(result)),
    stored_bytes,
    finished_at: now,
  });
  return (await transition(db, { where: runsAs(id, attempt), set })) !== null || (await isCommitted(db, id, attempt));
}

async function isCommitted(db: Kysely<Tables>, id: string, attempt: number): Promise<boolean> {
  const row = await db
    .selectFrom('job')
    .select('id')
    .where('id', '=', id)
    .where('attempt', '=', attempt)
    .where('status', '=', 'succeeded')
    .executeTakeFirst();
  return row !== undefined;
}

export async function failAttempt(
  db: Kysely<Tables>,
  id: string,
  attempt: number,
  error: SerializedError,
): Promise<boolean> {
  const set = () => ({ status: 'failed' as const, error: storableJson(error), finished_at: now });
  return (await transition(db, { where: runsAs(id, attempt), set, detail: { error } })) !== null;
}

export async function releaseAttempt(
  db: Kysely<Tables>,
  id: string,
  attempt: number,
  reason: SerializedError,
): Promise<boolean> {
  const set = () => ({ status: 'queued' as const, started_at: null, ...noProgress });
  return (await transition(db, { where: runsAs(id, attempt), set, detail: { reason } })) !== null;
}

export async function cancelAttempt(db: Kysely<Tables>, id: string, attempt: number): Promise<boolean> {
  const set = () => ({ status: 'cancelled' as const, finished_at: now });
  return (await transition(db, { where: runsAs(id, attempt), set })) !== null;
}

/** A queued or paused job ends at once; a running one is flagged. Null where the job is final, absent or flagged already. */
export async function requestCancel(db: Kysely<Tables>, tenant: string, id: string): Promise<Job | null> {
  const row = await transition(db, {
    where: (row) =>
      row.and([
        row('tenant', '=', tenant),
        row('id', '=', id),
        row('status', 'in', ['queued', 'paused', 'running']),
        row('cancel_requested', '=', false),
      ]),
    set: () => ({
      cancel_requested: true,
      status: sql<JobStatus>`case when status = 'running' then status else 'cancelled' end`,
      finished_at: sql<Date>`case when status <> 'running' then now() end`,
    }),
    eventOnlyIn: 'cancelled',
  });
  return row === null ? null : jobFromRow(row);
}

export async function pauseAttempt(db: Kysely<Tables>, id: string, attempt: number): Promise<JobStatus | null> {
  const set = () => ({
    status: sql<JobStatus>`case when cancel_requested then 'cancelled' when ${isPaused} then 'paused' else 'queued' end`,
    started_at: sql<Date | null>`case when cancel_requested then started_at end`,
    finished_at: sql<Date | null>`case when cancel_requested then now() end`,
    asked_for: sql<JobWish | null>`case when not ${isPaused} then asked_for end`,
    ...noProgress,
  });
  return (await transition(db, { where: runsAs(id, attempt), set }))?.status ?? null;
}

/** A queued job is paused at once; a running one is asked. Null where it is neither, or leaves already. */
export async function requestPause(db: Kysely<Tables>, tenant: string, id: string): Promise<Job | null> {
  const row = await transition(db, {
    where: isAskable(tenant, id, ['queued', 'running']),
    set: () => ({
      status: sql<JobStatus>`case when status = 'queued' then 'paused' else status end`,
      asked_for: sql<JobWish | null>`case when status = 'running' then 'pause' end`,
    }),
    eventOnlyIn: 'paused',
  });
  return row === null ? null : jobFromRow(row);
}

/** A running job is asked to end with what it has. Null where it does not run, or leaves already. */
export async function requestStop(db: Kysely<Tables>, tenant: string, id: string): Promise<Job | null> {
  const set = () => ({ asked_for: 'stop' as const });
  // Nothing has happened to it yet.
  const row = await transition(db, { where: isAskable(tenant, id, ['running']), set, eventOnlyIn: 'succeeded' });
  return row === null ? null : jobFromRow(row);
}

/** paused -> queued; one that is asked to pause is asked no more. Null where it is neither. */
export async function resume(db: Kysely<Tables>, tenant: string, id: string): Promise<Job | null> {
  const row = await transition(db, {
    where: (row) =>
      row.and([
        isAskable(tenant, id, ['paused', 'queued', 'running'])(row),
        row.or([row('status', '=', 'paused'), row('asked_for', '=', 'pause')]),
      ]),
    set: () => ({
      status: sql<JobStatus>`case when status = 'paused' then 'queued' else status end`,
      dispatched_at: sql<Date | null>`case when status = 'paused' then now() else dispatched_at end`,
      asked_for: null,
    }),
    eventOnlyIn: 'queued',
  });
  return row === null ? null : jobFromRow(row);
}

function isAskable(tenant: string, id: string, statuses: readonly JobStatus[]): Transition['where'] {
  return (row) =>
    row.and([
      row('tenant', '=', tenant),
      row('id', '=', id),
      row('status', 'in', [...statuses]),
      row('cancel_requested', '=', false),
    ]);
}

/** Replaces the job's progress, and its one progress event under a new number. */
export async function reportProgress(
  db: Kysely<Tables>,
  id: string,
  attempt: number,
  progress: Progress,
): Promise<boolean> {
  const row = await db
    .with('changed', (query) =>
      query
        .updateTable('job')
        .set((job) => ({
          progress: JSON.stringify(storedProgress.write(progress)),
          progress_share: progress.share,
          event_seq: sql<number>`${job.ref('event_seq')} + 1`,
        }))
        .where(runsAs(id, attempt))
        .returning(['id', 'event_seq', 'attempt']),
    )
    .with('noted', (query) =>
      query
        .insertInto('job_event')
        .columns(['job_id', 'seq', 'type', 'data'])
        .expression((changed) =>
          changed
            .selectFrom('changed')
            .select(['id', 'event_seq', sql.lit('progress' as const).as('type'), eventData({ ...progress })]),
        )
        .onConflict((conflict) =>
          conflict
            .column('job_id')
            .where('type', '=', sql.lit('progress' as const))
            .doUpdateSet((event) => ({
              seq: event.ref('excluded.seq'),
              data: event.ref('excluded.data'),
              at: event.ref('excluded.at'),
            })),
        ),
    )
    .selectFrom('changed')
    .select(['id', announcement('progress')])
    .executeTakeFirst();
  return row !== undefined;
}
