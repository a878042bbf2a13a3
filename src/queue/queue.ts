import type { Lane } from '../generation/lanes.ts';
import type { QueueTicket } from '../records/scheduling/queue-ticket.ts';
import type { DispatchedTicket } from '../records/scheduling/turns.ts';

/** Decides who runs a job and when; it carries tickets only, those of each lane apart. One implementation over BullMQ, three engines. */
export interface JobQueue {
  /**
   * Adds tickets in their order; one that is already in the queue is not added twice. Those of a higher priority are run
   * first, those of the same in the order of adding.
   */
  enqueueAll(tickets: readonly DispatchedTicket[]): Promise<void>;
  /** Raises the priority of tickets that have waited here for long, so that none starves; `now` is the time. */
  raise(now: Date): Promise<void>;
  /** Whether a ticket waits, is delayed or is being run. */
  holds(id: string): Promise<boolean>;
  /** Takes a waiting ticket out; a running one stays. */
  remove(id: string): Promise<void>;
  /** Tickets that wait for their first run or, delayed, for another. */
  waitingCount(): Promise<number>;
  /** Starts to run tickets, at most `concurrency` at a time in this process. */
  consume(handler: TicketHandler, options: ConsumeOptions): Promise<Consumer>;
  ping(): Promise<void>;
  /** Closes the consumers as by their `close()`, then the connections. */
  close(): Promise<void>;
}

export interface ConsumeOptions {
  readonly concurrency: number;
  /** Whose tickets; default: pictures. */
  readonly lane?: Lane;
}

/**
 * Runs one ticket. An error gives it back as `retryInMs` does, after the queue's own delay. `signal` aborts when the consumer
 * closes or the lock of the ticket was lost.
 */
export type TicketHandler = (ticket: QueueTicket, signal: AbortSignal) => Promise<TicketOutcome>;

/** Done, whatever came of it; or given back, to be run again after `retryInMs` milliseconds. */
export type TicketOutcome = 'done' | { readonly retryInMs: number };

export interface Consumer {
  /**
   * Takes no further ticket and resolves when those that run have ended. Their signals abort after `graceMs` milliseconds,
   * at once by default.
   */
  close(graceMs?: number): Promise<void>;
}
