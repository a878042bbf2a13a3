import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Quota } from '../../access/api-key.ts';
import type { Scope } from '../../access/scopes.ts';
import type { SerializedError } from '../../errors.ts';
import type { JobEventType, JobStatus, JobWish } from '../../generation/job.ts';
import type { BatchAxis, BatchCounts, CountedBatch } from '../../generation/batch.ts';
import type { Door } from '../../generation/door.ts';
import type { StoredFile } from '../../generation/made-model.ts';
import type { StoredJson } from '../../generation/stored-json.ts';
import type { WebhookEvent, WebhookTarget } from '../../generation/request/webhook.ts';

/** The schema that all tables of records are in. Every statement qualifies its names with it. */
export const recordsSchema = 'armature';

/** Read as a value, written as its JSON text. */
type Json<T> = ColumnType<T, string, string>;
/** What only its reader understands, whose columns no statement looks into. */
type Stored<Name extends string> = ColumnType<StoredJson<Name> | null, never, string | null>;
type Written<T> = ColumnType<T, T, T>;

export interface JobTable {
  readonly id: string;
  readonly tenant: string;
  readonly status: Written<JobStatus>;
  /** The state before its last change; null where there was none. */
  readonly previous_status: ColumnType<JobStatus | null, never, JobStatus>;
  readonly plan: Json<StoredJson<'plan'>>;
  readonly warnings: Json<readonly string[]>;
  readonly metadata: ColumnType<Readonly<Record<string, unknown>> | null, string | null, never>;
  readonly progress: Stored<'progress'>;
  /** The share of it, for those who count many jobs; null where there is no progress. */
  readonly progress_share: ColumnType<number | null, never, number | null>;
  readonly attempt: Generated<number>;
  readonly cancel_requested: Generated<boolean>;
  /** What else it was asked for while it runs; null where it was not. */
  readonly asked_for: ColumnType<JobWish | null, never, JobWish | null>;
  readonly result: Stored<'result'>;
  readonly error: ColumnType<SerializedError | null, never, string | null>;
  readonly created_at: Generated<Date>;
  readonly started_at: ColumnType<Date | null, never, Date | null>;
  readonly finished_at: ColumnType<Date | null, never, Date | null>;
  readonly strikes: Generated<number>;
  readonly losses: Generated<number>;
  readonly last_fault: ColumnType<SerializedError | null, never, string | null>;
  readonly dead: Generated<boolean>;
  readonly checkpoint: Stored<'checkpoint'>;
  /** Bytes of its outputs and maps. */
  readonly stored_bytes: Generated<number>;
  /** The number of the job's last event. */
  readonly event_seq: Generated<number>;
  readonly webhook: ColumnType<WebhookTarget | null, string | null, never>;
  /** See {@link Door}. */
  readonly dialect: Generated<Door['dialect']>;
  readonly external_id: Door['externalId'];
  /** W3C traceparent of the request that made the job; null where it was not traced. */
  readonly trace_parent: ColumnType<string | null, string | null, never>;
  readonly priority: number;
  /** Pixel steps, see src/generation/cost.ts. */
  readonly cost: number;
  /** Seconds of the epoch: the place in the flow, see virtual-time.ts. */
  readonly virtual_time: number;
  readonly batch_id: ColumnType<string | null, string | undefined, never>;
  readonly batch_index: ColumnType<number | null, number | undefined, never>;
  /** When it was moved into the queue; null while it waits in records. */
  readonly dispatched_at: ColumnType<Date | null, never, Date | null>;
}

export interface BatchTable {
  readonly id: string;
  readonly tenant: string;
  readonly name: string | null;
  readonly metadata: ColumnType<Readonly<Record<string, unknown>> | null, string | null, never>;
  readonly axes: ColumnType<readonly BatchAxis[] | null, string | null, never>;
  /** How many items it has. */
  readonly items: number;
  /** Of all items together, in pixel steps. */
  readonly cost: number;
  /** False until all items are written: until then nobody sees it and none of them is drawn. */
  readonly accepted: Generated<boolean>;
  readonly created_at: Generated<Date>;
  /** When the last of its items went into the queue. */
  readonly dispatched_at: ColumnType<Date | null, never, Date>;
  /** Since when its items are being cancelled: until that is through none of them is started. Null where it is not. */
  readonly cancelling_since: ColumnType<Date | null, never, Date | null>;
}

/** Who is told of the end of a batch, and how many of its items have ended how: the last one knows that it is the last. */
export interface BatchWebhookTable {
  readonly batch_id: string;
  readonly url: string;
  readonly host: string;
  /** null: the server's own secret signs. */
  readonly secret: string | null;
  readonly events: Json<readonly WebhookEvent[]>;
  readonly succeeded: Generated<number>;
  readonly failed: Generated<number>;
  readonly cancelled: Generated<number>;
}

/** What the feeder remembers of a tenant. */
export interface TenantTurnTable {
  readonly tenant: string;
  /** Cost that it may have drawn before it is another's turn. */
  readonly deficit: number;
  /** When the last of its jobs outside batches went into the queue. */
  readonly dispatched_at: ColumnType<Date | null, Date | null, Date | null>;
}

export interface JobEventTable {
  readonly job_id: string;
  readonly seq: number;
  readonly type: JobEventType;
  readonly data: Json<Readonly<Record<string, unknown>>>;
  readonly at: Generated<Date>;
}

export interface InputTable {
  readonly key: string;
  readonly tenant: string;
  readonly bytes: number;
  /** Requests that count on it and whose jobs are not written yet. */
  readonly claims: Generated<number>;
  /** Perhaps nobody uses it any more. */
  readonly loose: Generated<boolean>;
  readonly used_at: Generated<Date>;
}

/** A job that has been deleted, and whose objects may still be there. */
export interface RemovalTable {
  readonly job_id: string;
  readonly tenant: string;
}

/** A change of what is stored, in bytes; the sum of all of them is what is stored. Triggers write it. */
export interface StoredChangeTable {
  readonly bytes: number;
}

/** How many jobs of a flow wait in records; triggers write it. See scheduling.ts. */
export interface FlowTable {
  readonly tenant: string;
  /** Id of the batch, or empty for the jobs outside batches. */
  readonly flow: string;
  /** At least one. */
  readonly jobs: number;
}

/** When something was last done that is done from time to time. */
export interface SweepTable {
  readonly name: string;
  readonly at: Date;
}

export interface UploadTable {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly sha256: string;
  readonly content_type: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly created_at: Date;
  readonly used_at: Generated<Date>;
  /** Nobody sees it any more; its object may still be there. */
  readonly deleted: Generated<boolean>;
}

/** A training set; see sets/set-upload.ts. Sizes come as texts where they are bigints. */
export interface SetUploadTable {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly name: string | null;
  readonly size: ColumnType<string | number | null, number | null, number | string | null>;
  readonly received: ColumnType<string | number, number | undefined, number>;
  readonly archive: ColumnType<SetArchive | null, SetArchive | null | undefined, SetArchive | null>;
  /** Number of the sender who writes: each that begins gets the next one. */
  readonly writer: ColumnType<number, number | undefined, number>;
  /** Nobody sees it any more; its objects may still be there. */
  readonly deleted: Generated<boolean>;
  readonly created_at: Date;
  readonly used_at: Generated<Date>;
}

/** An object with a piece of a set. All but the last of a set have the same size. */
export interface SetPartTable {
  readonly set_id: string;
  readonly index: number;
  readonly key: string;
  readonly bytes: number;
}

export interface IdempotencyKeyTable {
  readonly tenant: string;
  readonly route: string;
  readonly key: string;
  /** SHA-256 of what the first request asked for. */
  readonly fingerprint: Written<string>;
  /** Names the claim, and fences what its request makes. */
  readonly token: Written<string>;
  /** When a claim that has come to nothing lapses. */
  readonly claimed_until: Written<Date>;
  /** Id of what the first request made; null while it is looked at. */
  readonly resource: ColumnType<string | null, never, string | null>;
  readonly created_at: Written<Date>;
}

export interface WebhookDeliveryTable {
  readonly id: string;
  readonly tenant: string;
  /** One of the two. */
  readonly job_id: string | null;
  readonly batch_id: string | null;
  readonly type: string;
  /** The row of the job or batch when the event happened, without its receiver's secret; null once it is delivered. */
  readonly snapshot: ColumnType<StoredJson<'snapshot'> | null, string, null>;
  readonly url: string;
  readonly host: string;
  /** null: the server's own secret signs, or it is delivered. */
  readonly secret: ColumnType<string | null, string | null, null>;
  readonly status: ColumnType<DeliveryStatus, never, DeliveryStatus>;
  readonly attempts: Generated<number>;
  /** When it may be tried next; of one that is being tried, the end of the claim on it. */
  readonly due_at: Generated<Date>;
  readonly last_status: ColumnType<number | null, never, number | null>;
  readonly last_error: ColumnType<string | null, never, string | null>;
  readonly created_at: Generated<Date>;
  readonly ended_at: ColumnType<Date | null, never, Date | null>;
}

export interface ApiKeyTable {
  readonly id: string;
  readonly hash: string;
  readonly name: Written<string>;
  readonly tenant: Written<string>;
  readonly scopes: Json<readonly Scope[]>;
  readonly account: string;
  readonly submissions_per_minute: number | null;
  readonly reads_per_minute: number | null;
  readonly quota_cost: number | null;
  readonly quota_window: Written<Quota['window'] | null>;
  readonly created_at: Generated<Date>;
  readonly expires_at: Date | null;
  readonly revoked_at: ColumnType<Date | null, never, Date>;
  readonly last_used_at: ColumnType<Date | null, never, Date>;
}

/** What an account has used up in a window. */
export interface UsageTable {
  readonly account: string;
  readonly kind: string;
  readonly window_start: Date;
  readonly amount: number;
}

export interface WorkerTable {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly device_state: string;
  readonly device_detail: string;
  readonly loaded: Generated<string[]>;
  readonly started_at: Generated<Date>;
  readonly seen_at: Generated<Date>;
}

/** What is known of a training beside its job; without a row where nothing is yet. */
export interface TrainingTable {
  readonly job_id: string;
  /** What was found in its set; null until it was read. */
  readonly report: ColumnType<Readonly<Record<string, unknown>> | null, string | null, string | null>;
}

/** What a training showed after a step. */
export interface TrainingLookTable {
  readonly job_id: string;
  readonly step: number;
  readonly look: Json<StoredJson<'look'>>;
}

/** A model that was trained here. */
export interface TrainedModelTable {
  readonly id: string;
  readonly tenant: string;
  /** Of the training, which may be gone by now. */
  readonly job_id: string;
  readonly kind: string;
  /** Of the maps of a ControlNet; null of what sees none. */
  readonly condition: string | null;
  readonly files: Json<readonly StoredFile[]>;
  /** A driver may give a bigint as text. */
  readonly bytes: ColumnType<number | string, number, never>;
  /** Whether everybody sees it. */
  readonly published: Generated<boolean>;
  readonly created_at: Generated<Date>;
}

/** What all processes sign with. */
export interface SecretTable {
  readonly name: string;
  readonly value: string;
}

export interface MigrationTable {
  readonly version: number;
  readonly name: string;
  readonly applied_at: Generated<Date>;
}

export interface Tables {
  readonly job: JobTable;
  readonly job_event: JobEventTable;
  readonly batch: BatchTable;
  readonly batch_webhook: BatchWebhookTable;
  readonly tenant_turn: TenantTurnTable;
  readonly flow: FlowTable;
  readonly input: InputTable;
  readonly upload: UploadTable;
  readonly removal: RemovalTable;
  readonly set_upload: SetUploadTable;
  readonly set_part: SetPartTable;
  readonly stored_change: StoredChangeTable;
  readonly sweep: SweepTable;
  readonly idempotency_key: IdempotencyKeyTable;
  readonly webhook_delivery: WebhookDeliveryTable;
  readonly api_key: ApiKeyTable;
  readonly usage: UsageTable;
  readonly worker: WorkerTable;
  readonly secret: SecretTable;
  readonly training: TrainingTable;
  readonly training_look: TrainingLookTable;
  readonly trained_model: TrainedModelTable;
  readonly migration: MigrationTable;
}

export type SnapshotValue<T> = T extends Date ? string : T;

/** A job's row as JSON: what `to_jsonb` makes of it, without the secret of its receiver. */
export type JobSnapshot = {
  readonly [Column in keyof JobTable]: SnapshotValue<Selectable<JobTable>[Column]>;
};

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

/** What a training set is packed as. */
export type SetArchive = 'zip' | 'tar';

/** pending -> delivered | dead; a dead one that is replayed is pending again. */
export const deliveryStatuses = ['pending', 'delivered', 'dead'] as const;

export type DeliveryStatus = (typeof deliveryStatuses)[number];
