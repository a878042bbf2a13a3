import { sql, type Kysely } from 'kysely';
import { ArmatureError } from '../../errors.ts';
import type { Batch } from '../../generation/batch.ts';
import { kindOf, storedPlan } from '../../generation/kinds/kinds.ts';
import type { WebhookTarget } from '../../generation/request/webhook.ts';
import { type IdempotencyClaim, underClaim } from '../jobs/idempotency.ts';
import type { NewJob } from '../jobs/new-job.ts';
import type { Tables } from '../schema/schema.ts';
import { virtualTime } from '../scheduling/virtual-time.ts';

export interface NewBatch extends Pick<Batch, 'id' | 'tenant' | 'name' | 'metadata' | 'axes'> {
  /** Who is told of the end of its last item. */
  readonly webhook?: WebhookTarget | null;
}
export type NewItem = Pick<NewJob, 'id' | 'plan' | 'warnings' | 'metadata' | 'priority' | 'webhook'>;

/** Items that one statement writes. */
const chunk = 100;

/** See `BatchRecords.insert`. */
export async function insertBatch(
  db: Kysely<Tables>,
  batch: NewBatch,
  items: readonly NewItem[],
  claim: IdempotencyClaim | undefined,
): Promise<void> {
  await begin(db, batch, items);
  for (let start = 0; start < items.length; start += chunk) {
    await insertItems(db, batch, items.slice(start, start + chunk), start);
  }
  await underClaim(db, claim, batch.id, (within) => accept(within, batch.id));
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
      cost: items.reduce((sum, { plan }) => sum + kindOf(plan).cost(plan), 0),
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
    plan: storedPlan.write(item.plan),
    cost: kindOf(item.plan).cost(item.plan),
    batch_index: start + offset,
  }));
  await sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as given (
        id text, plan jsonb, warnings jsonb, metadata jsonb, webhook jsonb, priority smallint, cost double precision, batch_index integer)),
    inserted as (
      insert into ${sql.table('armature.job')}
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
