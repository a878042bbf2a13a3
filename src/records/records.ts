import type { SerializedError } from '../errors.ts';
import type { MadeModel } from '../generation/made-model.ts';
import type { Job, JobEvent, JobResult, JobStatus, JobWish, Progress } from '../generation/job.ts';
import type { BatchRecords } from './batches/batches.ts';
import type { IdempotencyRecords } from './jobs/idempotency.ts';
import type { WebhookRecords } from './webhooks/webhook-records.ts';
import type { PictureRecords } from './pictures/pictures.ts';
import type { SetRecords } from './sets/sets.ts';
import type { RetentionRecords } from './operations/retention.ts';
import type { KeyRecords } from './access/keys.ts';
import type { SecretRecords } from './access/secrets.ts';
import type { UsageRecords } from './access/usage.ts';
import type { OverviewRecords } from './operations/overview.ts';
import type { WorkerRecords } from './operations/workers.ts';
import type { PreviewChannel } from './previews/previews.ts';
import type { Scheduling } from './scheduling/turns.ts';
import type { FaultRecords } from './jobs/faults.ts';
import type { ChangeKind } from './schema/job-channel.ts';
import type { TrainingRecords } from './trainings/trainings.ts';
import type { JobQuery, NewJob } from './jobs/new-job.ts';
import type { QueueTicket } from './scheduling/queue-ticket.ts';
import type { Upload } from './pictures/uploads.ts';

/**
 * The truth about jobs and uploads, in SQL. Every method that changes a job is atomic, and those that a worker calls are
 * fenced by the number of its attempt: they change nothing and return false where the job has moved on.
 */
export interface Records {
  /**
   * Writes an accepted job in state queued, and its `queued` event; with a claim in one transaction with its completion,
   * `idempotency_in_progress` where the claim was lost.
   */
  insertJob(job: NewJob): Promise<Job>;
  /** The job, or null where this tenant has none of that id. */
  findJob(tenant: string, id: string): Promise<Job | null>;
  /** The newest job that came by this dialect under this name of its client's; null where this tenant has none. */
  findJobByName(tenant: string, dialect: string, externalId: string): Promise<Job | null>;
  /** Newest first. `before` is the id of the last job of the previous page. */
  listJobs(tenant: string, query: JobQuery): Promise<readonly Job[]>;
  /** About how many jobs will be started before this queued one: of its own tenant, and as many of each other tenant's. */
  countAhead(job: Job): Promise<number>;
  /**
   * Removes a job in a final state, or a paused one, with its events and deliveries, and makes its inputs loose; false where there is none
   * such. Its objects are the caller's to delete: see src/retention/delete-jobs.ts.
   */
  deleteJob(tenant: string, id: string): Promise<boolean>;

  /**
   * Starts the next attempt: queued or running (a lost attempt, which is counted) becomes running, `attempt` grows by one.
   * Null where the job is gone, paused or final. A job whose cancel was requested becomes cancelled instead, one that was asked
   * to pause is paused, and one that lost too many attempts fails; null is returned for each. One that a newer release wrote is queued again (`newer_release`).
   */
  startAttempt(tenant: string, id: string): Promise<Job | null>;
  /** Of a job's progress events only the last is kept, under a new number. */
  reportProgress(id: string, attempt: number, progress: Progress): Promise<boolean>;
  /**
   * running -> succeeded, by compare-and-set on the attempt. True also where this attempt has committed before: one whose
   * answer got lost may ask again. A model that it made is in the library from then on.
   */
  commitResult(id: string, attempt: number, result: JobResult, model?: MadeModel): Promise<boolean>;
  /** running -> failed. */
  failAttempt(id: string, attempt: number, error: SerializedError): Promise<boolean>;
  /** running -> queued: this attempt is given back, through no fault of anything, and another one will be made. */
  releaseAttempt(id: string, attempt: number, reason: SerializedError): Promise<boolean>;
  /** running -> cancelled. */
  cancelAttempt(id: string, attempt: number): Promise<boolean>;

  /**
   * A queued or paused job becomes cancelled at once; a running one gets its flag set and a notification goes out. Final jobs stay.
   * Returns the job as it is afterwards, or null.
   */
  requestCancel(tenant: string, id: string): Promise<Job | null>;
  /** Which of these jobs have been asked to stop. */
  cancelRequested(ids: readonly string[]): Promise<ReadonlySet<string>>;

  /**
   * running -> paused: another attempt is made once the job is resumed. It becomes cancelled where its cancel was requested since,
   * and queued where it was resumed or asked to stop. Returns which; null where the attempt is not the one that runs.
   */
  pauseAttempt(id: string, attempt: number): Promise<JobStatus | null>;
  /** A queued job is paused at once; a running one is asked to. Null where the job is in another state, or is being cancelled. */
  requestPause(tenant: string, id: string): Promise<Job | null>;
  /** Asks a running job to end with what it has. Null where it does not run, or is being cancelled. */
  requestStop(tenant: string, id: string): Promise<Job | null>;
  /** paused -> queued; it goes to the queue at once. One that is asked to pause, and has not yet, goes on. Null where it is neither. */
  resume(tenant: string, id: string): Promise<Job | null>;
  /** What else those of these jobs that run have been asked for. */
  wishes(ids: readonly string[]): Promise<ReadonlyMap<string, JobWish>>;

  readonly faults: FaultRecords;

  eventsAfter(id: string, seq: number): Promise<readonly JobEvent[]>;
  /**
   * Calls back with a job's id after something of it changed, in any process: a hint, never the truth. What changes while
   * the database's connection is made anew is not told. Returns how to stop listening.
   */
  onChange(listener: (id: string, kind: ChangeKind) => void): () => void;

  /** Who waits, and what has been moved into the queue. */
  readonly scheduling: Scheduling;
  readonly batches: BatchRecords;
  /** Running jobs: what a reconciler looks for in the queue, to start those whose worker died with the queue's entry. */
  runningJobs(after: string | null, limit: number): Promise<readonly QueueTicket[]>;

  /** A tenant's upload is known by its content: where the same bytes came before, that one is returned and nothing written. */
  insertUpload(upload: Upload): Promise<Upload>;
  findUpload(tenant: string, id: string): Promise<Upload | null>;

  readonly pictures: PictureRecords;
  readonly sets: SetRecords;
  readonly retention: RetentionRecords;
  readonly trainings: TrainingRecords;
  readonly idempotency: IdempotencyRecords;
  readonly webhooks: WebhookRecords;
  readonly keys: KeyRecords;
  readonly secrets: SecretRecords;
  readonly usage: UsageRecords;
  readonly workers: WorkerRecords;
  readonly overview: OverviewRecords;
  /** Beside the records, not in them. */
  readonly previews: PreviewChannel;

  /**
   * Makes room of deleted rows and counts anew what is in the tables, on which the database's plans rest; `full` writes its
   * files anew, without them. For the embedded database; PostgreSQL does so by itself.
   */
  vacuum(how: 'daily' | 'full'): Promise<void>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
