import type { QueueTicket } from './queue-ticket.ts';

/**
 * Which jobs wait in records and which have been moved into the queue. A *flow* is what a tenant has to be drawn in order:
 * its jobs outside batches together, and each of its batches.
 */
export interface Scheduling {
  /**
   * One pass of a feeder, in one short transaction that no other pass overlaps: reads who waits, marks what `choose` takes
   * as dispatched and keeps the deficits that it leaves. Null where another process is in a pass. The caller brings the
   * tickets to the queue; if it dies before, a reconciler does, since the jobs are marked.
   */
  dispatch(choose: ChooseTurns, windows: Windows): Promise<Dispatch | null>;
  /** Jobs that have been moved into the queue and have not been started, or not yet again; by id. For a reconciler. */
  dispatchedJobs(after: string | null, limit: number): Promise<readonly DispatchedTicket[]>;
  /**
   * Jobs in state queued, of a tenant or (null) of all, whether they wait here or in the queue; `atMost` where there are
   * more. A long queue costs no more than a short one.
   */
  depth(tenant: string | null, atMost: number): Promise<number>;
  /** Mean cost of these jobs, by the hundred that came first; null where there are none. */
  meanCost(tenant: string | null): Promise<number | null>;
}

/** A ticket as the queue gets it: `priority` is the effective one, 0 to 9, at the time it is enqueued. */
export interface DispatchedTicket extends QueueTicket {
  readonly priority: number;
}

/** How many jobs may be in the queue or running. */
export interface Windows {
  /** Of one tenant. */
  readonly tenant: number;
  /** Of all tenants together. */
  readonly total: number;
}

export interface Dispatch {
  readonly tickets: readonly DispatchedTicket[];
  /** More could have been taken than the pass had before its eyes: another one should follow. */
  readonly more: boolean;
}

/** Decides, from who waits, what goes into the queue now. Pure. */
export type ChooseTurns = (waiting: Waiting, windows: Windows) => Turns;

export interface Waiting {
  /** Seconds of the epoch, by the database's clock; so are all other times here. */
  readonly now: number;
  /** Jobs of all tenants that are in the queue or running. */
  readonly dispatched: number;
  /** Every tenant that has jobs waiting. */
  readonly tenants: readonly WaitingTenant[];
}

export interface WaitingTenant {
  readonly tenant: string;
  readonly dispatched: number;
  /** Cost that it may have drawn before it is another's turn. */
  readonly deficit: number;
  /** Empty where its window is full. */
  readonly flows: readonly WaitingFlow[];
}

export interface WaitingFlow {
  /** Id of the batch, or null for the jobs outside batches. */
  readonly batch: string | null;
  readonly lastDispatch: number | null;
  /** The next jobs of the flow in their order: at least one. */
  readonly jobs: readonly WaitingJob[];
  /** Whether it has more than these. */
  readonly more: boolean;
}

export interface WaitingJob {
  readonly id: string;
  readonly priority: number;
  readonly cost: number;
  readonly createdAt: number;
}

export interface Turns {
  readonly tickets: readonly TakenTurn[];
  /** Deficits of all waiting tenants after it. */
  readonly deficits: ReadonlyMap<string, number>;
  readonly more: boolean;
}

export interface TakenTurn extends DispatchedTicket {
  readonly batch: string | null;
}
