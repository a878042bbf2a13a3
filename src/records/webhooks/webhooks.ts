import { sql, type ExpressionBuilder, type Kysely, type Selectable } from 'kysely';
import { isOfNewerRelease } from '../../generation/stored-json.ts';
import type { ChangeKind } from '../schema/job-channel.ts';
import { batchFromSnapshot, jobFromSnapshot } from '../schema/rows.ts';
import type { Tables, WebhookDeliveryTable } from '../schema/schema.ts';
import { deleteInSlices } from '../database/delete-in-slices.ts';
import type { ClaimedDelivery, EventSubject, WebhookDelivery, WebhookRecords } from './webhook-records.ts';

/** Milliseconds for which deliveries that have ended are kept. */
export const deliveryLifetime = 30 * 24 * 3_600_000;

type Row = Selectable<WebhookDeliveryTable>;

const shown = [
  'id',
  'tenant',
  'job_id',
  'batch_id',
  'type',
  'url',
  'status',
  'attempts',
  'due_at',
  'last_status',
  'last_error',
  'created_at',
  'ended_at',
] as const satisfies readonly (keyof Row)[];

export function sqlWebhooks(
  db: Kysely<Tables>,
  onChange: (listener: (id: string, kind: ChangeKind) => void) => () => void,
): WebhookRecords {
  const own = (tenant: string, id: string) => (row: ExpressionBuilder<Tables, 'webhook_delivery'>) =>
    row.and({ tenant, id });
  const of = async (column: 'job_id' | 'batch_id', id: string): Promise<readonly WebhookDelivery[]> => {
    const query = db.selectFrom('webhook_delivery').select(shown).where(column, '=', id);
    return (await query.orderBy('id').execute()).map(deliveryFromRow);
  };

  const claimRows = async (...[now, leaseEnd, fullHosts, limit]: Parameters<WebhookRecords['claimDue']>) => {
    return await db
      .with('due', (query) => {
        const due = query
          .selectFrom('webhook_delivery')
          .distinctOn('host')
          .select('id')
          .where('status', '=', sql.lit('pending' as const))
          .where('due_at', '<=', now)
          .orderBy('host')
          .orderBy('due_at')
          .orderBy('id');
        return fullHosts.length === 0 ? due : due.where('host', 'not in', [...fullHosts]);
      })
      .with('free', (query) =>
        query
          .selectFrom('webhook_delivery')
          .select('id')
          .where('id', 'in', (due) => due.selectFrom('due').select('id'))
          // Asked again, of the row as it is once it is locked: another process may have claimed it in between.
          .where('status', '=', sql.lit('pending' as const))
          .where('due_at', '<=', now)
          .limit(limit)
          .forUpdate()
          .skipLocked(),
      )
      .updateTable('webhook_delivery')
      .set((row) => ({ attempts: sql<number>`${row.ref('attempts')} + 1`, due_at: leaseEnd }))
      .where('id', 'in', (free) => free.selectFrom('free').select('id'))
      .returning([...shown, 'host', 'secret', 'snapshot'])
      .execute();
  };

  return {
    async claimDue(...due) {
      for (;;) {
        const rows = await claimRows(...due);
        const claimed = rows.flatMap(readableFromRow);
        const left = rows.filter(({ id }) => claimed.every((delivery) => delivery.id !== id)).map(({ id }) => id);
        if (left.length > 0) {
          await db
            .updateTable('webhook_delivery')
            .set((row) => ({ attempts: sql<number>`${row.ref('attempts')} - 1` }))
            .where('id', 'in', left)
            .execute();
        }
        // Where all of them are left to others, those behind them come at once.
        if (claimed.length > 0 || rows.length === 0) return claimed;
      }
    },
    async succeeded(id, status, now) {
      await db
        .updateTable('webhook_delivery')
        // What was sent is needed no more, nor is what signed it.
        .set({
          status: 'delivered',
          last_status: status,
          last_error: null,
          ended_at: now,
          snapshot: null,
          secret: null,
        })
        .where('id', '=', id)
        .where('status', '!=', 'delivered')
        .execute();
    },
    async failed(id, attempt, { status, error, retryAt }, now) {
      const next = retryAt === null ? ({ status: 'dead', ended_at: now } as const) : ({ due_at: retryAt } as const);
      const row = await db
        .updateTable('webhook_delivery')
        .set({ ...next, last_status: status, last_error: error })
        .where((fields) => fields.and({ id, attempts: attempt, status: 'pending' }))
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    async release(id, attempt, now) {
      await db
        .updateTable('webhook_delivery')
        .set({ attempts: attempt - 1, due_at: now })
        .where((fields) => fields.and({ id, attempts: attempt, status: 'pending' }))
        .execute();
    },
    ofJob: async (jobId) => await of('job_id', jobId),
    ofBatch: async (batchId) => await of('batch_id', batchId),
    async list(tenant, { status, before, limit }) {
      let query = db.selectFrom('webhook_delivery').select(shown).where('tenant', '=', tenant);
      query = status === undefined ? query : query.where('status', '=', status);
      query = before === undefined ? query : query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(deliveryFromRow);
    },
    async find(tenant, id) {
      const row = await db.selectFrom('webhook_delivery').select(shown).where(own(tenant, id)).executeTakeFirst();
      return row === undefined ? null : deliveryFromRow(row);
    },
    async replay(tenant, id, now) {
      const row = await db
        .updateTable('webhook_delivery')
        .set({ status: 'pending', attempts: 0, due_at: now, ended_at: null })
        .where(own(tenant, id))
        .where('status', '=', 'dead')
        .returning(shown)
        .executeTakeFirst();
      return row === undefined ? null : deliveryFromRow(row);
    },
    async sweep(now) {
      const oldest = new Date(now.getTime() - deliveryLifetime);
      await deleteInSlices(db, 'webhook_delivery', sql`ended_at <= ${oldest}`);
    },
    onEvent: (listener) =>
      onChange((_id, kind) => {
        if (kind === 'webhook') listener();
      }),
  };
}

function deliveryFromRow(row: Pick<Row, (typeof shown)[number]>): WebhookDelivery {
  return {
    id: row.id,
    tenant: row.tenant,
    jobId: row.job_id,
    batchId: row.batch_id,
    type: row.type,
    url: row.url,
    status: row.status,
    attempts: row.attempts,
    dueAt: row.due_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

type ClaimedRow = Pick<Row, (typeof shown)[number] | 'host' | 'secret' | 'snapshot'>;

function claimedFromRow(row: ClaimedRow): ClaimedDelivery {
  if (row.snapshot === null) throw new Error(`The delivery ${row.id} is pending and has nothing to send.`);
  const subject: EventSubject =
    row.batch_id === null
      ? { kind: 'job', job: jobFromSnapshot(row.snapshot) }
      : { kind: 'batch', batch: batchFromSnapshot(row.snapshot) };
  return { ...deliveryFromRow(row), host: row.host, secret: row.secret, subject };
}

/** What a newer release wrote is left to its processes: the claim on it lapses, and was no attempt. */
function readableFromRow(row: ClaimedRow): readonly ClaimedDelivery[] {
  try {
    return [claimedFromRow(row)];
  } catch (error) {
    if (isOfNewerRelease(error)) return [];
    throw error;
  }
}
