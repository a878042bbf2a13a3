import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newJobId } from '../../src/records/schema/ids.ts';
import type { QueueTicket } from '../../src/records/scheduling/queue-ticket.ts';
import type { DispatchedTicket } from '../../src/records/scheduling/turns.ts';
import { openQueue, type OpenQueueOptions } from '../../src/queue/open.ts';
import type { QueueEngine } from '../../src/queue/engines.ts';
import type { JobQueue, TicketHandler } from '../../src/queue/queue.ts';

export interface EngineUnderTest {
  engine(): QueueEngine;
  /** Takes the claim on a running ticket away, as if it had lapsed and another worker had it. */
  stealClaim(queueName: string, id: string): Promise<void>;
  /** Lets the claim on a running ticket lapse, as if its worker had died. */
  dropClaim(queueName: string, id: string): Promise<void>;
  close(): Promise<void>;
}

export const quickTimes = { lockDurationMs: 1_000, stalledIntervalMs: 500, retryDelayMs: 20 } as const;

/** For what happens by itself: looked for again and again, generous for a machine under load. */
export const soon = { timeout: 20_000, interval: 20 } as const;

let names = 0;
export function freshName(): string {
  return `test-${process.pid}-${(names += 1)}`;
}

export function ticket(priority = 5): DispatchedTicket {
  return { tenant: 'default', id: newJobId(), priority };
}

/** What a handler is given of it. */
export function carried({ tenant, id }: DispatchedTicket): QueueTicket {
  return { tenant, id };
}

/** A promise and how to fulfil it. */
export function gate<T = void>(): { readonly passed: Promise<T>; readonly open: (value: T) => void } {
  let open!: (value: T) => void;
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** What the queue must do on every engine. */
export function queueConformance(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(`queue over ${name}`, () => {
    let under: EngineUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.close());

    /** Runs one case on a queue of its own. */
    const withQueue = async (
      work: (queue: JobQueue, queueName: string) => Promise<void>,
      options: OpenQueueOptions = {},
    ): Promise<void> => {
      const queueName = freshName();
      const queue = await openQueue(under.engine(), { name: queueName, ...quickTimes, ...options });
      try {
        await work(queue, queueName);
      } finally {
        await queue.close();
      }
    };
    /** A handler that collects what it is given and opens the gate at the ticket `last`. */
    const collect = (last: QueueTicket) => {
      const seen: QueueTicket[] = [];
      const end = gate();
      const handler: TicketHandler = async (given) => {
        seen.push(given);
        if (given.id === last.id) {
          end.open();
        }
        return 'done';
      };
      return { seen, handler, ended: end.passed };
    };

    it('runs each ticket once, in the order of adding', () =>
      withQueue(async (queue) => {
        const tickets = Array.from({ length: 5 }, ticket);
        for (const each of tickets.slice(0, 3)) {
          await queue.enqueueAll([each]);
        }
        await queue.enqueueAll(tickets.slice(3));
        const { seen, handler, ended } = collect(tickets.at(-1)!);
        await queue.consume(handler, { concurrency: 1 });
        await ended;
        expect(seen).toEqual(tickets.map(carried));
      }));

    it('runs a ticket of a higher priority first', () =>
      withQueue(async (queue) => {
        const [low, high, middle] = [ticket(0), ticket(9), ticket(4)];
        await queue.enqueueAll([low, high, middle]);
        const { seen, handler, ended } = collect(low);
        await queue.consume(handler, { concurrency: 1 });
        await ended;
        expect(seen).toEqual([high, middle, low].map(carried));
      }));

    it('raises tickets that wait for long over fresh ones', () =>
      withQueue(async (queue) => {
        const [old, fresh] = [ticket(2), ticket(6)];
        await queue.enqueueAll([old]);
        await queue.raise(new Date(Date.now() + 9_000));
        await queue.raise(new Date(Date.now() + 51_000));
        await queue.enqueueAll([fresh]);
        const { seen, handler, ended } = collect(fresh);
        await queue.consume(handler, { concurrency: 1 });
        await ended;
        expect(seen).toEqual([old, fresh].map(carried));
        await queue.raise(new Date(Date.now() + 60_000));
      }));

    it('does not add a ticket that it holds', () =>
      withQueue(async (queue) => {
        const [first, last] = [ticket(), ticket()];
        await queue.enqueueAll([first]);
        await queue.enqueueAll([first]);
        await queue.enqueueAll([first, first, last]);
        expect(await queue.waitingCount()).toBe(2);
        const { seen, handler, ended } = collect(last);
        await queue.consume(handler, { concurrency: 1 });
        await ended;
        expect(seen).toEqual([first, last].map(carried));
      }));

    it('takes nothing as a page of tickets', () =>
      withQueue(async (queue) => {
        await queue.enqueueAll([]);
        expect(await queue.waitingCount()).toBe(0);
      }));

    it('can be given a ticket again that it has run', () =>
      withQueue(async (queue) => {
        const again = ticket();
        let runs = 0;
        await queue.consume(
          async () => {
            runs += 1;
            return 'done';
          },
          { concurrency: 1 },
        );
        for (let time = 1; time <= 2; time += 1) {
          await queue.enqueueAll([again]);
          await vi.waitFor(() => expect(runs).toBe(time), soon);
          await vi.waitFor(async () => expect(await queue.holds(again.id)).toBe(false), soon);
        }
      }));

    it('holds, counts and removes waiting tickets', () =>
      withQueue(async (queue) => {
        const [first, second] = [ticket(), ticket()];
        await queue.enqueueAll([first, second]);
        expect(await queue.holds(first.id)).toBe(true);
        expect(await queue.waitingCount()).toBe(2);
        await queue.remove(first.id);
        await queue.remove(first.id);
        expect(await queue.holds(first.id)).toBe(false);
        expect(await queue.waitingCount()).toBe(1);
      }));

    it('keeps a running ticket when it is to be removed', () =>
      withQueue(async (queue) => {
        const [start, end] = [gate(), gate()];
        const running = ticket();
        await queue.enqueueAll([running]);
        await queue.consume(
          async () => {
            start.open();
            await end.passed;
            return 'done';
          },
          { concurrency: 1 },
        );
        await start.passed;
        await queue.remove(running.id);
        expect(await queue.holds(running.id)).toBe(true);
        expect(await queue.waitingCount()).toBe(0);
        end.open();
      }));

    it('runs a ticket again that is given back, or whose handler throws', () => {
      const errors: string[] = [];
      return withQueue(
        async (queue) => {
          const end = gate();
          let runs = 0;
          await queue.enqueueAll([ticket()]);
          await queue.consume(
            async () => {
              runs += 1;
              if (runs === 1) {
                throw new Error('the handler broke');
              }
              if (runs < 5) {
                return { retryInMs: 0 };
              }
              end.open();
              return 'done';
            },
            { concurrency: 1 },
          );
          await end.passed;
          expect(runs).toBe(5);
          expect(errors).toEqual(['the handler broke']);
        },
        { onError: (error) => errors.push(error.message) },
      );
    });

    it('runs as many at a time as it is told', () =>
      withQueue(async (queue) => {
        const tickets = Array.from({ length: 6 }, ticket);
        let active = 0;
        let most = 0;
        let runs = 0;
        let pair = gate();
        await queue.enqueueAll(tickets);
        await queue.consume(
          async () => {
            active += 1;
            most = Math.max(most, active);
            // Each waits for a partner: with less than two at a time nothing would ever end.
            const { passed, open } = pair;
            if (active % 2 === 0) {
              pair = gate();
              open();
            }
            await passed;
            active -= 1;
            runs += 1;
            return 'done';
          },
          { concurrency: 2 },
        );
        await vi.waitFor(() => expect(runs).toBe(6), soon);
        expect(most).toBe(2);
      }));

    it('closes a consumer when its handlers have ended, and tells them', () =>
      withQueue(async (queue) => {
        const [running, waiting] = [ticket(), ticket()];
        const start = gate<AbortSignal>();
        const end = gate();
        await queue.enqueueAll([running, waiting]);
        const seen: string[] = [];
        const consumer = await queue.consume(
          async ({ id }, signal) => {
            seen.push(id);
            start.open(signal);
            await end.passed;
            return 'done';
          },
          { concurrency: 1 },
        );
        const signal = await start.passed;
        let closed = false;
        const close = async (): Promise<void> => {
          await consumer.close();
          closed = true;
        };
        const closing = close();
        await vi.waitFor(() => expect(signal.aborted).toBe(true), soon);
        expect(closed).toBe(false);
        end.open();
        await closing;
        expect(seen).toEqual([running.id]);
        expect(await queue.holds(running.id)).toBe(false);
        expect(await queue.holds(waiting.id)).toBe(true);
      }));

    it('lets handlers end in the time of grace', () =>
      withQueue(async (queue) => {
        const start = gate<AbortSignal>();
        const end = gate();
        await queue.enqueueAll([ticket()]);
        const consumer = await queue.consume(
          async (_ticket, signal) => {
            start.open(signal);
            await end.passed;
            return 'done';
          },
          { concurrency: 1 },
        );
        const signal = await start.passed;
        const closing = consumer.close(60_000);
        end.open();
        await closing;
        expect(signal.aborted).toBe(false);
      }));

    it('gives what a closing consumer hands back to the next one', () =>
      withQueue(async (queue) => {
        const given = ticket();
        const start = gate();
        await queue.enqueueAll([given]);
        const first = await queue.consume(
          async (_ticket, signal) => {
            start.open();
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            return { retryInMs: 0 };
          },
          { concurrency: 1 },
        );
        await start.passed;
        await first.close();
        const { seen, handler, ended } = collect(given);
        await queue.consume(handler, { concurrency: 1 });
        await ended;
        expect(seen).toEqual([carried(given)]);
      }));

    it('tells a handler that its claim was lost', () =>
      withQueue(
        async (queue, queueName) => {
          const given = ticket();
          const start = gate();
          const end = gate<boolean>();
          await queue.enqueueAll([given]);
          await queue.consume(
            async (_ticket, signal) => {
              start.open();
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              end.open(signal.aborted);
              return 'done';
            },
            { concurrency: 1 },
          );
          await start.passed;
          await under.stealClaim(queueName, given.id);
          expect(await end.passed).toBe(true);
        },
        { onError: () => {} },
      ));

    it('gives a ticket to another run as often as its worker dies', () =>
      withQueue(
        async (queue, queueName) => {
          const given = ticket();
          const done = gate();
          let runs = 0;
          await queue.enqueueAll([given]);
          await queue.consume(
            async (_ticket, signal) => {
              runs += 1;
              if (runs > 3) {
                done.open();
                return 'done';
              }
              await under.dropClaim(queueName, given.id);
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              return 'done';
            },
            { concurrency: 1 },
          );
          await done.passed;
          expect(runs).toBe(4);
        },
        { onError: () => {} },
      ));

    it('answers', () =>
      withQueue(async (queue) => {
        await expect(queue.ping()).resolves.toBeUndefined();
      }));
  });
}
