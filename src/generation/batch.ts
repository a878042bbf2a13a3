import { drawnStatuses } from './job.ts';
import type { WebhookTarget } from './request/webhook.ts';

/** One axis of a batch that was written as a matrix: a field of the request, and the values that it takes. */
export interface BatchAxis {
  /** Path of the field, such as `controls[0].scale`. */
  readonly path: string;
  /** What each value is called where it labels a picture. */
  readonly labels: readonly string[];
}

/** Many generations that were accepted together. Item i is the job whose `batch.index` is i. */
export interface Batch {
  readonly id: string;
  readonly tenant: string;
  readonly name: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** The axes of a matrix, the slowest first; null for a list of items. */
  readonly axes: readonly BatchAxis[] | null;
  readonly items: number;
  /** Of all items together, in pixel steps. */
  readonly cost: number;
  /** Who is told of the end of its last item; null for nobody. */
  readonly webhook: Pick<WebhookTarget, 'url' | 'events'> | null;
  readonly createdAt: Date;
  /** Whether its items are being cancelled, none of which is started any more. */
  readonly cancelling: boolean;
}

/** How many items of a batch are in each state. */
export type BatchCounts = Readonly<Record<(typeof drawnStatuses)[number], number>>;

export interface CountedBatch extends Batch {
  readonly counts: BatchCounts;
  /** Items that have ended, and of those that run the share of their steps. */
  readonly done: number;
}

export const batchStatuses = drawnStatuses;
export type BatchStatus = (typeof batchStatuses)[number];

/**
 * What a batch is as a whole: `queued` until its first item is started, then `running` until its last has ended; then
 * `failed` where an item failed, else `cancelled` where one was cancelled, else `succeeded`.
 */
export function batchStatus({ queued, running, succeeded, failed, cancelled }: BatchCounts): BatchStatus {
  if (queued + running > 0) return running + succeeded + failed === 0 ? 'queued' : 'running';
  if (failed > 0) return 'failed';
  return cancelled > 0 ? 'cancelled' : 'succeeded';
}

export function hasEnded({ counts }: CountedBatch): boolean {
  return counts.queued + counts.running === 0;
}
