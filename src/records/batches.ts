import { sql, type ExpressionBuilder, type Kysely, type RawBuilder } from 'kysely';
import { ArmatureError } from '../errors.ts';
import type { Batch, CountedBatch } from '../generation/batch.ts';
import { cost } from '../generation/cost.ts';
import type { Job, JobStatus } from '../generation/job.ts';
import type { WebhookTarget } from '../generation/webhook.ts';
import { anew } from './faults.ts';
import { type IdempotencyClaim, underClaim } from './idempotency.ts';
import type { NewJob } from './records.ts';
import { removeJobs } from './remove-jobs.ts';
import { batchFromRow, type CountedBatchRow, jobFromRow } from './rows.ts';
import type { Tables } from './schema.ts';
import { inSlices } from './slices.ts';
import { transitions } from './transitions.ts';
import { virtualTime } from './virtual-time.ts';

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
  /** Asks some items to stop, as `requestCancel` does with one: those that wait end at once. 0: all have been asked. */
  goOnCancelling(id: string): Promise<number>;
  /** Batches whose cancel was requested before this time and is not through. */
  unfinishedCancels(before: Date): Promise<readonly string[]>;
  /** Cancels a whole batch. Returns how many items it asked to stop. */
  cancel(id: string): Promise<number>;
  /** Items that have failed or been cancelled, in their order, behind the index `after`. */
  retryable(id: string, after: number): Promise<readonly RetryableItem[]>;
  /** Those of these items that have failed or been cancelled become queued again; none while the batch is being cancelled. Returns which. */
  retryItems(id: string, indexes: readonly number[]): Promise<readonly number[]>;
  /** All items that have failed or been cancelled become queued again. Returns how many. */
  retry(id: string): Promise<number>;
  /**
   * Nobody sees a batch that has ended any more, nor its items; false where there is none such. What it takes up goes with
   * {@link discard}, or where that is interrupted with {@link discardAbandoned}.
   */
  beginDelete(tenant: string, id: string): Promise<boolean>;
  /** Removes some items of a batch that nobody sees, and with the last of them the batch. 0: nothing is left. */
  discard(id: string): Promise<number>;
  /** Removes a batch that has ended, with its items, whose objects are the caller's to delete; false where there is none such. */
  delete(tenant: string, id: string): Promise<boolean>;
  /** Removes batches that nobody sees and that were begun before this time: not written to their end, or not deleted. */
  discardAbandoned(before: Date, signal?: AbortSignal): Promise<void>;
}

export interface NewBatch extends Pick<Batch, 'id' | 'tenant' | 'name' | 'metadata' | 'axes'> {
  /** Who is told of the end of its last item. */
  readonly webhook?: WebhookTarget | null;
}
export type NewItem = Pick<NewJob, 'id' | 'plan' | 'warnings' | 'metadata' | 'priority' | 'webhook'>;

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

/** Items that one statement writes or reads. */
const chunk = 100;

/** Items that one statement cancels or removes, which costs three milliseconds for each: others wait for it. */
const slice = 25;

const job = sql.table('armature.job');

export function sqlBatches(db: Kysely<Tables>): BatchRecords {
  const counted = async (condition: RawBuilder<unknown>, limit: number): Promise<readonly CountedBatch[]> => {
    const { rows } = await sql<CountedBatchRow>`
      select batch.*, counted.counts, coalesce(counted.steps, 0) as steps,
        (select jsonb_build_object('url', url, 'events', events) from ${sql.table('armature.batch_webhook')}
          where batch_id = batch.id) as webhook
      from ${sql.table('armature.batch')} as batch, lateral (
        select jsonb_object_agg(status, jobs) as counts, sum(steps) as steps from (
          select status, count(*) as jobs, sum(case when status = 'running'
            then coalesce((progress->>'step')::double precision / (progress->>'steps')::double precision, 0) end) as steps
          from ${job} where batch_id = batch.id group by status) as states) as counted
      where batch.accepted and ${condition} order by batch.id desc limit ${limit}`.execute(db);
    return rows.map(batchFromRow);
  };
  const find: BatchRecords['find'] = async (tenant, id) =>
    (await counted(sql`batch.tenant = ${tenant} and batch.id = ${id}`, 1))[0] ?? null;

  const beginCancel = async (id: string): Promise<void> => {
    await db
      .updateTable('batch')
      .set({ cancelling_since: sql<Date>`coalesce(cancelling_since, now())` })
      .where('id', '=', id)
      .execute();
  };

  const retryable: BatchRecords['retryable'] = async (id, after) =>
    await db
      .selectFrom('job')
      .select([sql<number>`batch_index`.as('index'), 'cost'])
      .where('batch_id', '=', id)
      .where('status', 'in', ['failed', 'cancelled'])
      .where('batch_index', '>', after)
      .orderBy('batch_index')
      .limit(chunk)
      .execute();
  const beginDelete: BatchRecords['beginDelete'] = async (tenant, id) => {
    const { rows } = await sql`
        update ${sql.table('armature.batch')} as batch set accepted = false
        where tenant = ${tenant} and id = ${id} and accepted
          and not exists (select from ${job} where batch_id = batch.id and status in ('queued', 'running'))
        returning id`.execute(db);
    return rows.length > 0;
  };

  return {
    async insert(batch, items, claim) {
      await begin(db, batch, items);
      for (let start = 0; start < items.length; start += chunk) {
        await insertItems(db, batch, items.slice(start, start + chunk), start);
      }
      await underClaim(db, claim, batch.id, (within) => accept(within, batch.id));
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
    beginCancel,
    goOnCancelling: (id) => goOnCancelling(db, id),
    async unfinishedCancels(before) {
      const rows = await db.selectFrom('batch').select('id').where('cancelling_since', '<', before).execute();
      return rows.map(({ id }) => id);
    },
    async cancel(id) {
      await beginCancel(id);
      return await inSlices(() => goOnCancelling(db, id));
    },
    retryable,
    retryItems: (id, indexes) => retrySome(db, id, indexes),
    async retry(id) {
      let retried = 0;
      for (let last = -1; ;) {
        const indexes = (await retryable(id, last)).map(({ index }) => index);
        if (indexes.length === 0) return retried;
        last = indexes.at(-1)!;
        retried += (await retrySome(db, id, indexes)).length;
      }
    },
    beginDelete,
    discard: (id) => discard(db, id),
    async delete(tenant, id) {
      if (!(await beginDelete(tenant, id))) return false;
      await inSlices(() => discard(db, id));
      return true;
    },
    async discardAbandoned(before, signal) {
      const abandoned = await db
        .selectFrom('batch')
        .select('id')
        .where('accepted', '=', false)
        .where('created_at', '<', before)
        .execute();
      for (const { id } of abandoned) {
        await inSlices(async () => (signal?.aborted === true ? 0 : await discard(db, id)));
      }
    },
  };
}

async function begin(db: Kysely<Tables>, batch: NewBatch, items: readonly NewItem[]): Promise<void> {
  await db
    .insertInto('batch')
    .values({
      id: batch.id,
      tenant: batch.tenant,
      name: batch.name,
      metadata: batch.metadata === null ? null : JSON.stringify(batch.metadata),
      axes: batch.axes === null ? null : JSON.stringify(batch.axes),
      items: items.length,
      cost: items.reduce((sum, { plan }) => sum + cost(plan), 0),
    })
    .execute();
  const { webhook } = batch;
  if (!webhook) return;
  const { url, host, secret, events } = webhook;
  await db
    .insertInto('batch_webhook')
    .values({ batch_id: batch.id, url, host, secret, events: JSON.stringify(events) })
    .execute();
}

/** Writes items and their `queued` events. They are announced by the batch: nobody can wait for one of them yet. */
async function insertItems(
  db: Kysely<Tables>,
  { id, tenant }: NewBatch,
  items: readonly NewItem[],
  start: number,
): Promise<void> {
  const rows = items.map((item, offset) => ({
    ...item,
    cost: cost(item.plan),
    batch_index: start + offset,
  }));
  await sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as given (
        id text, plan jsonb, warnings jsonb, metadata jsonb, webhook jsonb, priority smallint, cost double precision, batch_index integer)),
    inserted as (
      insert into ${job}
        (id, tenant, status, plan, warnings, metadata, webhook, priority, cost, virtual_time, event_seq, batch_id, batch_index)
      select id, ${tenant}, 'queued', plan, warnings, metadata, webhook, priority, cost,
        ${virtualTime}, 1, ${id}, batch_index
      from given order by batch_index
      returning id)
    insert into ${sql.table('armature.job_event')} (job_id, seq, type, data)
    select id, 1, 'queued', '{"attempt": 0}'::jsonb from inserted`.execute(db);
}

async function accept(db: Kysely<Tables>, id: string): Promise<void> {
  const row = await db
    .updateTable('batch')
    .set({ accepted: true })
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) {
    const detail = 'Writing the batch took so long that it was given up. Send it again, or in smaller parts.';
    throw new ArmatureError('unavailable', detail);
  }
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
  return changed.flatMap(({ batch }) => batch?.index ?? []);
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
