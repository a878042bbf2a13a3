import type { Selectable } from 'kysely';
import type { BatchCounts, CountedBatch } from '../../generation/batch.ts';
import type { Job, JobEvent } from '../../generation/job.ts';
import type { Upload } from '../records.ts';
import type { BatchTable, JobEventTable, JobTable, UploadTable } from './schema.ts';

/** A job's row as JSON: what `to_jsonb` makes of it, without the secret of its receiver. */
export type JobSnapshot = {
  readonly [Column in keyof JobTable]: SnapshotValue<Selectable<JobTable>[Column]>;
};
type SnapshotValue<T> = T extends Date ? string : T;

export function jobFromSnapshot(row: JobSnapshot): Job {
  const date = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return jobFromRow({
    ...row,
    created_at: new Date(row.created_at),
    started_at: date(row.started_at),
    finished_at: date(row.finished_at),
    dispatched_at: date(row.dispatched_at),
  });
}

export function jobFromRow(row: Selectable<JobTable>): Job {
  return {
    id: row.id,
    tenant: row.tenant,
    status: row.status,
    plan: row.plan,
    warnings: row.warnings,
    metadata: row.metadata,
    webhook: row.webhook === null ? null : { url: row.webhook.url, events: row.webhook.events },
    priority: row.priority,
    batch: row.batch_id === null || row.batch_index === null ? null : { id: row.batch_id, index: row.batch_index },
    progress: row.progress,
    attempt: row.attempt,
    cancelRequested: row.cancel_requested,
    result: row.result,
    error: row.error,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    traceParent: row.trace_parent,
    strikes: row.strikes,
    losses: row.losses,
    lastFault: row.last_fault,
    dead: row.dead,
    checkpoint: row.checkpoint,
  };
}

/** A batch's row, its items counted by their status, and the steps of those that run as shares of all of theirs. */
export type CountedBatchRow = Selectable<BatchTable> & {
  readonly counts: Partial<BatchCounts> | null;
  readonly steps: number;
  readonly webhook: CountedBatch['webhook'];
};

/** The same as JSON: what the event of a batch carries. */
export type BatchSnapshot = {
  readonly [Column in keyof CountedBatchRow]: SnapshotValue<CountedBatchRow[Column]>;
};

export function batchFromSnapshot(row: BatchSnapshot): CountedBatch {
  return batchFromRow({ ...row, created_at: new Date(row.created_at), dispatched_at: null, cancelling_since: null });
}

export function batchFromRow(row: CountedBatchRow): CountedBatch {
  const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, ...row.counts };
  return {
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    metadata: row.metadata,
    axes: row.axes,
    items: row.items,
    cost: row.cost,
    webhook: row.webhook,
    createdAt: row.created_at,
    cancelling: row.cancelling_since !== null,
    counts,
    done: counts.succeeded + counts.failed + counts.cancelled + row.steps,
  };
}

export function eventFromRow(row: Selectable<JobEventTable>): JobEvent {
  return { seq: row.seq, type: row.type, data: row.data, at: row.at };
}

export function uploadFromRow(row: Selectable<UploadTable>): Upload {
  return {
    id: row.id,
    tenant: row.tenant,
    picture: { key: row.key, sha256: row.sha256 },
    contentType: row.content_type,
    bytes: row.bytes,
    width: row.width,
    height: row.height,
    createdAt: row.created_at,
  };
}
