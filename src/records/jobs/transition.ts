import {
  sql,
  type ExpressionBuilder,
  type ExpressionWrapper,
  type Kysely,
  type Selectable,
  type SqlBool,
  type UpdateObject,
} from 'kysely';
import type { JobStatus } from '../../generation/job.ts';
import { countersLocked, eventsForReceivers, itemsCounted, itemsEnded } from '../webhooks/outbox.ts';
import { type ChangeKind, jobChannel } from '../schema/job-channel.ts';
import type { JobTable, Tables } from '../schema/schema.ts';
import { storableJson } from '../database/storable-json.ts';

/** Announces a change of a job into the state that it has now. */
const announced = sql`pg_notify(${sql.lit(jobChannel)}, id || case
  when status in ('succeeded', 'failed', 'cancelled') then ' end' else ' state' end)`.as('announced');

/** Announces that something of a job has changed. */
export function announcement(kind: ChangeKind) {
  return sql`pg_notify(${sql.lit(jobChannel)}, id || ${sql.lit(` ${kind}`)})`.as('announced');
}

/** A job's row as it is after a change; `jobFromRow` reads it. */
export type JobRow = Selectable<JobTable>;

/** Of a job that is not being drawn. */
export const noProgress = { progress: null, progress_share: null } as const;

type JobExpressions = ExpressionBuilder<Tables, 'job'>;

export interface Transition {
  /** The compare of compare-and-set. */
  readonly where: (job: JobExpressions) => ExpressionWrapper<Tables, 'job', SqlBool>;
  readonly set: (job: JobExpressions) => UpdateObject<Tables, 'job'>;
  /** Further values of the event's data, which always holds the attempt. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Only a job that arrives in this state earns an event; by default any. */
  readonly eventOnlyIn?: JobStatus;
}

/**
 * One statement, so that either all of it happens or nothing: the job changes where it still is what the caller believes,
 * its event is appended under the next number, what receivers are to be told comes into the outbox, and the change is
 * announced. Null where the job had moved on.
 */
export async function transition(db: Kysely<Tables>, change: Transition): Promise<JobRow | null> {
  const [row] = await transitions(db, change);
  return row ?? null;
}

/** The same for every job that `change.where` is true of. */
export async function transitions(db: Kysely<Tables>, change: Transition): Promise<readonly JobRow[]> {
  return await db
    .with('changed', (query) =>
      query
        .updateTable('job')
        .set(change.set)
        .set((job) => ({ event_seq: sql<number>`${job.ref('event_seq')} + 1`, previous_status: job.ref('status') }))
        .where(change.where)
        .returningAll(),
    )
    .with('noted', (query) =>
      query
        .insertInto('job_event')
        .columns(['job_id', 'seq', 'type', 'data'])
        .expression((job) => {
          const event = job
            .selectFrom('changed')
            .select(['id', 'event_seq', eventTypeOf(), eventData(change.detail ?? {})]);
          return change.eventOnlyIn === undefined ? event : event.where('status', '=', change.eventOnlyIn);
        }),
    )
    .with('ended', itemsEnded)
    .with('locked', countersLocked)
    .with('counted', itemsCounted)
    .with('told', (query) =>
      query
        .insertInto('webhook_delivery')
        .columns(['id', 'tenant', 'job_id', 'batch_id', 'type', 'snapshot', 'url', 'host', 'secret'])
        .expression(eventsForReceivers())
        .returning(sql<string>`coalesce(job_id, batch_id)`.as('about')),
    )
    .selectFrom('changed')
    .selectAll()
    .select(announced)
    .select(
      sql`(select ${announcement('webhook')} where exists (
      select from told where about in (changed.id, changed.batch_id)))`.as('told'),
    )
    .execute();
}

/** A job that arrives in `running` was `started`; the other events are named like the states. */
function eventTypeOf() {
  return sql<'started'>`case status when 'running' then 'started' else status end`.as('type');
}

/** The data of an event: the attempt, and `detail`. */
export function eventData(detail: Readonly<Record<string, unknown>>) {
  return sql<string>`jsonb_build_object('attempt', attempt) || ${storableJson(detail)}::jsonb`.as('data');
}
