import type { ColumnType, Generated } from 'kysely';
import type { SerializedError } from '../errors.ts';
import type { JobEventType, JobResult, JobStatus, Progress } from '../generation/job.ts';
import type { Plan } from '../generation/plan.ts';

/** The schema that all tables of records are in. Every statement qualifies its names with it. */
export const recordsSchema = 'armature';

/** Read as a value, written as its JSON text. */
type Json<T> = ColumnType<T, string, string>;
type Written<T> = ColumnType<T, T, T>;

export interface JobTable {
  readonly id: string;
  readonly tenant: string;
  readonly status: Written<JobStatus>;
  readonly plan: Json<Plan>;
  readonly warnings: Json<readonly string[]>;
  readonly metadata: ColumnType<Readonly<Record<string, unknown>> | null, string | null, never>;
  readonly progress: ColumnType<Progress | null, never, string | null>;
  readonly attempt: Generated<number>;
  readonly cancel_requested: Generated<boolean>;
  readonly result: ColumnType<JobResult | null, never, string>;
  readonly error: ColumnType<SerializedError | null, never, string>;
  readonly created_at: Generated<Date>;
  readonly started_at: ColumnType<Date | null, never, Date | null>;
  readonly finished_at: ColumnType<Date | null, never, Date>;
  /** The number of the job's last event. */
  readonly event_seq: Generated<number>;
}

export interface JobEventTable {
  readonly job_id: string;
  readonly seq: number;
  readonly type: JobEventType;
  readonly data: Json<Readonly<Record<string, unknown>>>;
  readonly at: Generated<Date>;
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
}

export interface MigrationTable {
  readonly version: number;
  readonly name: string;
  readonly applied_at: Generated<Date>;
}

export interface Tables {
  readonly job: JobTable;
  readonly job_event: JobEventTable;
  readonly upload: UploadTable;
  readonly migration: MigrationTable;
}
