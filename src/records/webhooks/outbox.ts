import { sql } from 'kysely';
import { newEventId } from '../schema/ids.ts';
import { snapshotVersion } from '../schema/rows.ts';

/**
 * What the statement that changes jobs writes for receivers: parts of it that follow its part `changed`, the rows of the
 * jobs as they are after it.
 */

const batchWebhook = sql.table('armature.batch_webhook');
const isFinal = (column: 'status' | 'previous_status') =>
  sql`${sql.ref(column)} in ('succeeded', 'failed', 'cancelled')`;
/** How many more jobs are in this state than were. */
const growth = (status: 'succeeded' | 'failed' | 'cancelled') => sql`
  (count(*) filter (where status = ${sql.lit(status)})
    - count(*) filter (where previous_status = ${sql.lit(status)}))::integer as ${sql.ref(status)}`;

/** By how much the items of each batch that have ended become more, or, where they are drawn again, fewer. */
export function itemsEnded() {
  return sql<{ readonly batch_id: string }>`(
    select batch_id, ${growth('succeeded')}, ${growth('failed')}, ${growth('cancelled')}
    from changed where batch_id is not null and (${isFinal('status')}) <> (${isFinal('previous_status')})
    group by batch_id)`;
}

/** The counters of those batches, locked in one order whoever locks them. */
export function countersLocked() {
  return sql<{ readonly batch_id: string }>`(
    select batch_id from ${batchWebhook} where batch_id in (select batch_id from ended) order by batch_id for update)`;
}

/**
 * The counters as they are now. Whoever ends the last item sees it in them, however many do so at once: each reads them
 * after the one before has committed. (Counting the items would not do: neither of two statements sees the other's.)
 */
export function itemsCounted() {
  return sql<{ readonly batch_id: string }>`(
    update ${batchWebhook} as receiver set
      succeeded = receiver.succeeded + ended.succeeded,
      failed = receiver.failed + ended.failed,
      cancelled = receiver.cancelled + ended.cancelled
    from ended, locked where receiver.batch_id = ended.batch_id and locked.batch_id = ended.batch_id
    returning receiver.*,
      ended.succeeded + ended.failed + ended.cancelled > 0 as ends,
      case when receiver.failed > 0 then 'failed' when receiver.cancelled > 0 then 'cancelled' else 'succeeded' end as status)`;
}

/**
 * The events: of each job that arrives in a state that its receiver wants to hear of, and of each batch whose last item
 * does. They carry the job, or the batch, as it is now, so that neither a retry nor a crash changes what is told.
 */
export function eventsForReceivers() {
  return sql<never>`
    select ${newEventId()} || coalesce('_' || nullif(row_number() over (order by job_id, batch_id), 1), ''), event.*
    from (${ofJobs} union all ${ofBatches}) as event`;
}

/** See the readers of snapshots in rows.ts. */
const version = sql`jsonb_build_object('version', ${sql.lit(snapshotVersion)})`;

const ofJobs = sql`
  select tenant, id as job_id, null::text as batch_id, (plan->>'kind') || '.' || status as type,
    (to_jsonb(changed) #- '{webhook,secret}') || ${version} as snapshot, webhook->>'url' as url, webhook->>'host' as host,
    webhook->>'secret' as secret
  from changed where webhook->'events' ? status`;

const ofBatches = sql`
  select batch.tenant, null, batch.id, 'batch.' || counted.status,
    to_jsonb(batch) || ${version} || jsonb_build_object(
      'counts', jsonb_build_object(
        'succeeded', counted.succeeded, 'failed', counted.failed, 'cancelled', counted.cancelled),
      'steps', 0,
      'webhook', jsonb_build_object('url', counted.url, 'events', counted.events)),
    counted.url, counted.host, counted.secret
  from counted join ${sql.table('armature.batch')} as batch on batch.id = counted.batch_id
  where counted.ends and counted.succeeded + counted.failed + counted.cancelled = batch.items
    and counted.events ? counted.status`;
