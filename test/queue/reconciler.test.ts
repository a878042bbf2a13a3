import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQueue } from '../../src/queue/open.ts';
import { takeTurns } from '../../src/queue/turns.ts';
import { reconcile, startReconciler } from '../../src/queue/reconciler.ts';
import type { JobQueue } from '../../src/queue/queue.ts';
import { isInBackground } from '../../src/records/database/background.ts';
import { openRecords, type OpenRecords } from '../../src/records/open.ts';
import type { Job } from '../../src/generation/job.ts';
import { newJob, result } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { freshName, gate, quickTimes } from './conformance.ts';

describe('the reconciler', () => {
  let opened: OpenRecords;
  let queue: JobQueue;
  const insert = (): Promise<Job> => opened.records.insertJob(newJob());
  const start = async (): Promise<Job> => {
    const { tenant, id } = await insert();
    return (await opened.records.startAttempt(tenant, id))!;
  };
  beforeAll(async () => {
    opened = await openRecords({ dataFolder: await newDataFolder() });
    queue = await openQueue(opened.queueEngine(), { name: freshName(), ...quickTimes });
  });
  afterAll(async () => {
    await queue.close();
    await opened.records.close();
  });

  const dispatchAll = () => opened.records.scheduling.dispatch(takeTurns, { tenant: 10_000, total: 10_000 });

  it('enqueues what was dispatched and the queue has lost: running jobs first, then queued ones, each once', async () => {
    const { records } = opened;
    const queued = await insert();
    const held = await insert();
    await dispatchAll();
    const waiting = await insert();
    await queue.enqueueAll([{ ...held, priority: 9 }]);
    const running = await start();
    const done = await start();
    await records.commitResult(done.id, 1, result);
    await reconcile(records, queue);
    await reconcile(records, queue);
    expect(await queue.waitingCount()).toBe(3);
    expect(await queue.holds(done.id)).toBe(false);
    expect(await queue.holds(waiting.id)).toBe(false);
    const seen: string[] = [];
    const end = gate();
    const consumer = await queue.consume(
      async ({ tenant, id }) => {
        seen.push(id);
        const job = await records.startAttempt(tenant, id);
        await records.commitResult(id, job!.attempt, result);
        if (seen.length === 3) {
          end.open();
        }
        return 'done';
      },
      { concurrency: 1 },
    );
    await end.passed;
    await consumer.close();
    expect(seen).toEqual([held.id, running.id, queued.id]);
  });

  it('goes through more jobs than a page holds', async () => {
    const ids = Array.from({ length: 1_203 }, () => newJob()).map(({ tenant, id }) => ({ tenant, id, priority: 5 }));
    const enqueued: string[] = [];
    // A part of records that answers from a list: what is tested is the paging.
    await reconcile(
      {
        runningJobs: async () => [],
        scheduling: {
          ...opened.records.scheduling,
          dispatchedJobs: async (after, limit) => ids.filter(({ id }) => after === null || id > after).slice(0, limit),
        },
      },
      {
        async enqueueAll(tickets) {
          enqueued.push(...tickets.map((ticket) => ticket.id));
        },
      },
    );
    expect(enqueued).toEqual(ids.map(({ id }) => id));
  });

  it('works at the start and then by schedule, and goes on after a pass that failed', async () => {
    let tick: (() => void) | null = null;
    const errors: unknown[] = [];
    const failed = gate();
    let fails = false;
    const enqueued = gate();
    const { id } = await insert();
    await dispatchAll();
    const reconciler = await startReconciler(
      opened.records,
      {
        async enqueueAll(tickets) {
          if (fails) {
            throw new Error('the queue is away');
          }
          await queue.enqueueAll(tickets);
          if (tickets.some((ticket) => ticket.id > id)) {
            enqueued.open();
          }
        },
      },
      {
        schedule: (callback) => {
          tick = callback;
          return () => {
            tick = null;
          };
        },
        onError: (error) => {
          errors.push(error);
          failed.open();
        },
      },
    );
    expect(await queue.holds(id)).toBe(true);
    const later = await insert();
    await dispatchAll();
    fails = true;
    tick!();
    await failed.passed;
    expect(errors).toMatchObject([{ message: 'the queue is away' }]);
    fails = false;
    // The failed pass ends in the turn after its error is told.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    tick!();
    await enqueued.passed;
    expect(await queue.holds(later.id)).toBe(true);
    await reconciler.close();
    expect(tick).toBeNull();
  });

  it('lets requests go before what it does with batches that were left', async () => {
    const { batches } = opened.records;
    const looked = gate();
    const inBackground: boolean[] = [];
    const unfinishedCancels: typeof batches.unfinishedCancels = async (before) => {
      inBackground.push(isInBackground());
      looked.open();
      return await batches.unfinishedCancels(before);
    };
    let tick!: () => void;
    const reconciler = await startReconciler({ ...opened.records, batches: { ...batches, unfinishedCancels } }, queue, {
      schedule: (callback) => {
        tick = callback;
        return () => {};
      },
      onError: () => {},
    });
    tick();
    await looked.passed;
    await reconciler.close();
    expect(inBackground).toEqual([true]);
  });
});
