import type { CountedBatch } from '../../generation/batch.ts';
import type { Job } from '../../generation/job.ts';
import type { DeliveryStatus } from '../schema/schema.ts';

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
