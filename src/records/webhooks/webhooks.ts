import { sql, type ExpressionBuilder, type Kysely, type Selectable } from 'kysely';
import type { CountedBatch } from '../../generation/batch.ts';
import type { Job } from '../../generation/job.ts';
import { isOfNewerRelease } from '../../generation/stored-json.ts';
import type { ChangeKind } from '../schema/job-channel.ts';
import { batchFromSnapshot, jobFromSnapshot } from '../schema/rows.ts';
import type { DeliveryStatus, Tables, WebhookDeliveryTable } from '../schema/schema.ts';
import { deleteInSlices } from '../database/delete-in-slices.ts';

/** Milliseconds for which deliveries that have ended are kept. */
export const deliveryLifetime = 30 * 24 * 3_600_000;

/** How it stands with one event for one receiver. */
export interface WebhookDelivery {
  /** Id of the event: `webhook-id`, the same at each attempt. */
  readonly id: string;
  readonly tenant: string;
  /** What it tells of: one of the two. */
  readonly jobId: string | null;
  readonly batchId: string | null;
  /** Such as `generation.succeeded` or `batch.failed`. */
  readonly type: string;
  readonly url: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** When a pending one is tried next, at the earliest. */
  readonly dueAt: Date;
  /** HTTP status of the last answer; null where there was none. */
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** A delivery that is to be tried now, by whoever claimed it. `attempts` counts this one, and fences what comes of it. */
export interface ClaimedDelivery extends WebhookDelivery {
  readonly host: string;
  readonly secret: string | null;
  readonly subject: EventSubject;
}

/** What an event tells of, as it was when the event happened, whatever has become of it since. */
export type EventSubject =
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'batch'; readonly batch: CountedBatch };

export interface DeliveryFailure {
  readonly status: number | null;
  /** What went wrong, in words that a user may read. */
  readonly error: string;
  /** When it may be tried again; null: never. */
  readonly retryAt: Date | null;
}

export interface DeliveryQuery {
  readonly status?: DeliveryStatus;
  readonly before?: string;
  readonly limit: number;
}

/** The outbox of events for receivers. Rows come into it with the very statement that ends a job: see outbox.ts. */
export interface WebhookRecords {
  /**
   * Claims deliveries that are due, at most one of each host and none of `fullHosts`, until `leaseEnd`: those of a process that
   * dies are due again then. No two processes get the same one.
   */
  claimDue(now: Date, leaseEnd: Date, fullHosts: readonly string[], limit: number): Promise<readonly ClaimedDelivery[]>;
  /** A receiver that has accepted it has accepted it, also where the claim has lapsed meanwhile. */
  succeeded(id: string, status: number, now: Date): Promise<void>;
  /** False where the claim of this attempt has lapsed and another one goes on. */
  failed(id: string, attempt: number, failure: DeliveryFailure, now: Date): Promise<boolean>;
  /** Gives a claim back as if it had not been made. */
  release(id: string, attempt: number, now: Date): Promise<void>;
  ofJob(jobId: string): Promise<readonly WebhookDelivery[]>;
  /** Of the batch itself, not of its items. */
  ofBatch(batchId: string): Promise<readonly WebhookDelivery[]>;
  /** Newest first. `before` is the id of the last one of the previous page. */
  list(tenant: string, query: DeliveryQuery): Promise<readonly WebhookDelivery[]>;
  find(tenant: string, id: string): Promise<WebhookDelivery | null>;
  /** dead -> pending, with all its attempts; null where there is no dead one of that id. */
  replay(tenant: string, id: string, now: Date): Promise<WebhookDelivery | null>;
  /** Removes those that ended longer ago than they are kept. */
  sweep(now: Date): Promise<void>;
  /** Calls back after an event came into the outbox, in any process: a hint. Returns how to stop. */
  onEvent(listener: () => void): () => void;
}

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
