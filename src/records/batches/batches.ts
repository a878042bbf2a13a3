import { sql, type ExpressionBuilder, type Kysely, type RawBuilder } from 'kysely';
import type { CountedBatch } from '../../generation/batch.ts';
import type { Job, JobStatus } from '../../generation/job.ts';
import { anew } from '../jobs/faults.ts';
import type { IdempotencyClaim } from '../jobs/idempotency.ts';
import { insertBatch, type NewBatch, type NewItem } from './insert-batch.ts';
import { removeJobs } from '../jobs/remove-jobs.ts';
import { batchFromRow, jobFromRow } from '../schema/rows.ts';
import type { CountedBatchRow, Tables } from '../schema/schema.ts';
import { transitions } from '../jobs/transition.ts';

/**
 * Batches. What touches all items of one goes in chunks, each a statement of its own, so that neither the database nor (where
 * it is embedded) this process is held up by ten thousand of them.
 */
export interface BatchRecords {
  /**
   * Writes a batch and its items. Nobody sees it, and none of its items is started, before the last is written: a process
   * that dies before leaves what {@link discardAbandoned} removes. With a claim, its completion is in the transaction that
   * makes the batch visible.
   */
  insert(batch: NewBatch, items: readonly NewItem[], claim?: IdempotencyClaim): Promise<CountedBatch>;
  /** The batch, or null where this tenant has none of that id. */
  find(tenant: string, id: string): Promise<CountedBatch | null>;
  /** Newest first. `before` is the id of the last batch of the previous page. */
  list(tenant: string, query: { readonly before?: string; readonly limit: number }): Promise<readonly CountedBatch[]>;
  /** Items in their order. `after` is the index of the last item of the previous page. */
  items(id: string, query: ItemQuery): Promise<readonly Job[]>;
  /**
   * From now on no item is started, until {@link goOnCancelling} has said that nothing is left. That is kept: whoever finds the
   * batch among those of {@link unfinishedCancels} goes on.
   */
  beginCancel(id: string): Promise<void>;
  /** Asks some items to stop, as `requestCancel` does with one: those that wait end at once. Returns how many; 0: all have been asked. */
  goOnCancelling(id: string): Promise<number>;
  /** Batches whose cancel was requested before this time and is not through. */
  unfinishedCancels(before: Date): Promise<readonly string[]>;
  /** Items that have failed or been cancelled, in their order, behind the index `after`. */
  retryable(id: string, after: number): Promise<readonly RetryableItem[]>;
  /** Those of these items that have failed or been cancelled become queued again; none while the batch is being cancelled. Returns which. */
  retryItems(id: string, indexes: readonly number[]): Promise<readonly number[]>;
  /**
   * Nobody sees a batch that has ended any more, nor its items; false where there is none such. What it takes up goes with
   * {@link discard}, or where that is interrupted with {@link discardAbandoned}.
   */
  beginDelete(tenant: string, id: string): Promise<boolean>;
  /** Removes some items of a batch that nobody sees, and with the last of them the batch. 0: nothing is left. */
  discard(id: string): Promise<number>;
  /** Removes batches that nobody sees and that were begun before this time: not written to their end, or not deleted. */
  discardAbandoned(before: Date, signal: AbortSignal): Promise<void>;
}

/** An item that may be drawn again, and what that costs. */
export interface RetryableItem {
  readonly index: number;
  /** Pixel steps. */
  readonly cost: number;
}

export interface ItemQuery {
  readonly status?: JobStatus;
  readonly after?: number;
  readonly limit: number;
}

/** Items that one statement reads. */
const page = 100;

/** Items that one statement cancels or removes, which costs three milliseconds for each: others wait for it. */
const slice = 25;

const job = sql.table('armature.job');

export function sqlBatches(db: Kysely<Tables>): BatchRecords {
  const counted = async (condition: RawBuilder<unknown>, limit: number): Promise<readonly CountedBatch[]> => {
    const { rows } = await sql<CountedBatchRow>`
      select batch.*, counted.counts, (
          select coalesce(sum(progress_share), 0) from ${job} where batch_id = batch.id and status = 'running') as steps,
        (select jsonb_build_object('url', url, 'events', events) from ${sql.table('armature.batch_webhook')}
          where batch_id = batch.id) as webhook
      from ${sql.table('armature.batch')} as batch, lateral (
        select jsonb_object_agg(status, jobs) as counts from (
          select status, count(*) as jobs from ${job} where batch_id = batch.id group by status) as states) as counted
      where batch.accepted and ${condition} order by batch.id desc limit ${limit}`.execute(db);
    return rows.map(batchFromRow);
  };
  const find: BatchRecords['find'] = async (tenant, id) =>
    (await counted(sql`batch.tenant = ${tenant} and batch.id = ${id}`, 1))[0] ?? null;

  return {
    async insert(batch, items, claim) {
      await insertBatch(db, batch, items, claim);
      return (await find(batch.tenant, batch.id))!;
    },
    find,
    list: (tenant, { before, limit }) =>
      counted(
        sql`batch.tenant = ${tenant} and (${before ?? null}::text is null or batch.id < ${before ?? null})`,
        limit,
      ),
    async items(id, { status, after = -1, limit }) {
      let query = db.selectFrom('job').selectAll().where('batch_id', '=', id).where('batch_index', '>', after);
      query = status === undefined ? query : query.where('status', '=', status);
      return (await query.orderBy('batch_index').limit(limit).execute()).map(jobFromRow);
    },
    async beginCancel(id) {
      await db
        .updateTable('batch')
        .set({ cancelling_since: sql<Date>`coalesce(cancelling_since, now())` })
        .where('id', '=', id)
        .execute();
    },
    goOnCancelling: (id) => goOnCancelling(db, id),
    async unfinishedCancels(before) {
      const rows = await db.selectFrom('batch').select('id').where('cancelling_since', '<', before).execute();
      return rows.map(({ id }) => id);
    },
    retryable: async (id, after) =>
      await db
        .selectFrom('job')
        .select([sql<number>`batch_index`.as('index'), 'cost'])
        .where('batch_id', '=', id)
        .where('status', 'in', ['failed', 'cancelled'])
        .where('batch_index', '>', after)
        .orderBy('batch_index')
        .limit(page)
        .execute(),
    retryItems: (id, indexes) => retrySome(db, id, indexes),
    async beginDelete(tenant, id) {
      const { rows } = await sql`
        update ${sql.table('armature.batch')} as batch set accepted = false
        where tenant = ${tenant} and id = ${id} and accepted
          and not exists (select from ${job} where batch_id = batch.id and status in ('queued', 'running'))
        returning id`.execute(db);
      return rows.length > 0;
    },
    discard: (id) => discard(db, id),
    async discardAbandoned(before, signal) {
      const abandoned = await db
        .selectFrom('batch')
        .select('id')
        .where('accepted', '=', false)
        .where('created_at', '<', before)
        .execute();
      for (const { id } of abandoned) {
        while (!signal.aborted && (await discard(db, id)) > 0);
      }
    },
  };
}

/**
 * What runs first, so that it stops soon; then what waits. When nothing is left the batch is as others are again: its items
 * may be retried.
 */
async function goOnCancelling(db: Kysely<Tables>, id: string): Promise<number> {
  const asked = (await cancelSome(db, id, 'running')) || (await cancelSome(db, id, 'queued'));
  if (asked > 0) return asked;
  await sql`
    update ${sql.table('armature.batch')} as batch set cancelling_since = null
    where id = ${id} and cancelling_since is not null and not exists (
      select from ${job} where batch_id = batch.id and status in ('queued', 'running') and not cancel_requested)`.execute(
    db,
  );
  return 0;
}

/** As `requestCancel`: of those that run only the flag is set, which earns no event. */
async function cancelSome(db: Kysely<Tables>, id: string, state: 'running' | 'queued'): Promise<number> {
  const changed = await transitions(db, {
    where: (row) =>
      row('id', 'in', chosen(row, id, [state], 'desc').where('cancel_requested', '=', false).limit(slice)),
    set: () => ({
      cancel_requested: true,
      status: sql<JobStatus>`case when status = 'queued' then 'cancelled' else status end`,
      finished_at: sql<Date>`case when status = 'queued' then now() end`,
    }),
    eventOnlyIn: 'cancelled',
  });
  return changed.length;
}

async function retrySome(db: Kysely<Tables>, id: string, indexes: readonly number[]): Promise<readonly number[]> {
  if (indexes.length === 0) return [];
  const changed = await transitions(db, {
    where: (row) =>
      row.and([
        row('id', 'in', chosen(row, id, ['failed', 'cancelled'], 'asc').where('batch_index', 'in', [...indexes])),
        row.exists(row.selectFrom('batch').select('id').where('id', '=', id).where('cancelling_since', 'is', null)),
      ]),
    set: anew,
  });
  return changed.flatMap(({ batch_index: index }) => index ?? []);
}

/** Items in these states; none of them changes before the statement has changed it. */
function chosen(
  row: ExpressionBuilder<Tables, 'job'>,
  id: string,
  states: readonly JobStatus[],
  order: 'asc' | 'desc',
) {
  return row
    .selectFrom('job')
    .select('id')
    .where('batch_id', '=', id)
    .where('status', 'in', [...states])
    .orderBy('batch_index', order)
    .forUpdate();
}

/** Removes some items of a batch that nobody sees, and with the last of them the batch. */
async function discard(db: Kysely<Tables>, id: string): Promise<number> {
  const removed = await removeJobs(db, sql`id in (select id from ${job} where batch_id = ${id} limit ${slice})`);
  if (removed.length > 0) return removed.length;
  await db.deleteFrom('batch').where('id', '=', id).where('accepted', '=', false).execute();
  return 0;
}
