import type { Selectable } from 'kysely';
import type { CountedBatch } from '../../generation/batch.ts';
import { ownDoor } from '../../generation/door.ts';
import type { Job, JobEvent } from '../../generation/job.ts';
import { storedCheckpoint, storedProgress, storedResult } from '../../generation/stored-job.ts';
import { readIfStored, storedForm, type StoredJson } from '../../generation/stored-json.ts';
import { storedPlan } from '../../generation/kinds/kinds.ts';
import type { BatchSnapshot, CountedBatchRow, JobEventTable, JobSnapshot, JobTable } from './schema.ts';

/**
 * The version of the rows that events carry: outbox.ts writes it into them. Of those before 2 the release that sends them does not look
 * at the door, so that it would tell of a job in words that its receiver does not know.
 */
export const snapshotVersion = 2;

const storedJobSnapshot = storedForm<'snapshot', JobSnapshot>('snapshot', {
  version: snapshotVersion,
  upgrade: (row) => ({ ...row, dialect: row.dialect ?? ownDoor.dialect, external_id: row.external_id ?? null }),
});

/** `newer_release` as the forms of src/generation/stored-json.ts say; so do the other readers here. */
export function jobFromSnapshot(stored: StoredJson<'snapshot'>): Job {
  const row = storedJobSnapshot.read(stored);
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
    plan: storedPlan.read(row.plan),
    storedPlan: row.plan,
    warnings: row.warnings,
    metadata: row.metadata,
    door: { dialect: row.dialect, externalId: row.external_id },
    webhook: row.webhook === null ? null : { url: row.webhook.url, events: row.webhook.events },
    priority: row.priority,
    batch: row.batch_id === null || row.batch_index === null ? null : { id: row.batch_id, index: row.batch_index },
    progress: readIfStored(storedProgress, row.progress),
    attempt: row.attempt,
    cancelRequested: row.cancel_requested,
    result: readIfStored(storedResult, row.result),
    error: row.error,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    traceParent: row.trace_parent,
    strikes: row.strikes,
    losses: row.losses,
    lastFault: row.last_fault,
    dead: row.dead,
    checkpoint: readIfStored(storedCheckpoint, row.checkpoint),
  };
}

const storedBatchSnapshot = storedForm<'snapshot', BatchSnapshot>('snapshot', { version: snapshotVersion });

export function batchFromSnapshot(stored: StoredJson<'snapshot'>): CountedBatch {
  const row = storedBatchSnapshot.read(stored);
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
