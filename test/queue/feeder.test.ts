import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Feeder, startFeeder } from '../../src/queue/feeder.ts';
import { openQueue } from '../../src/queue/open.ts';
import type { JobQueue } from '../../src/queue/queue.ts';
import type { NewBatch } from '../../src/records/batches/insert-batch.ts';
import { newBatchId } from '../../src/records/schema/ids.ts';
import { openRecords, type OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import type { DispatchedTicket } from '../../src/records/scheduling/turns.ts';
import { newJob, result } from '../records/conformance.ts';
import { cancelBatch } from '../records/whole-batches.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { freshName, quickTimes, soon } from './conformance.ts';

let opened: OpenRecords;
let records: Records;
let queue: JobQueue;
const feeders: Feeder[] = [];
const errors: unknown[] = [];

beforeEach(async () => {
  opened = await openRecords({ dataFolder: await newDataFolder() });
  ({ records } = opened);
  queue = await openQueue(opened.queueEngine(), { name: freshName(), ...quickTimes });
  errors.length = 0;
});
afterEach(async () => {
  await Promise.all(feeders.splice(0).map((feeder) => feeder.close()));
  await queue.close();
  await records.close();
});

function feed(to: Pick<JobQueue, 'enqueueAll' | 'raise'>, window: number): Feeder {
  const feeder = startFeeder(records, to, {
    windows: { tenant: window, total: window },
    onError: (error) => errors.push(error),
  });
  feeders.push(feeder);
  return feeder;
}

const insert = async (count: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push((await records.insertJob(newJob())).id);
  return ids;
};

const newBatch = (): NewBatch => ({ id: newBatchId(), tenant: 'default', name: null, metadata: null, axes: null });

/** Starts a job and ends it. */
const finish = async (id: string): Promise<void> => {
  const job = await records.startAttempt('default', id);
  await records.commitResult(id, job!.attempt, result);
};

describe('a feeder', () => {
  it('moves what waits when it starts, and what it is woken for, up to the window', async () => {
    await insert(2);
    const feeder = feed(queue, 3);
    await vi.waitFor(async () => expect(await queue.waitingCount()).toBe(2), soon);
    await insert(3);
    feeder.wake();
    await vi.waitFor(async () => expect(await queue.waitingCount()).toBe(3), soon);
    expect(errors).toEqual([]);
  });

  it('moves the next job when one has ended, in whatever process', async () => {
    const [first, second] = await insert(2);
    feed(queue, 1);
    await vi.waitFor(async () => expect(await queue.holds(first!)).toBe(true), soon);
    expect(await queue.holds(second!)).toBe(false);
    await finish(first!);
    await vi.waitFor(async () => expect(await queue.holds(second!)).toBe(true), soon);
  });

  it('does not fill the queue with the items of a batch that is being cancelled', async () => {
    const items = Array.from({ length: 500 }, () => ({ ...newJob(), priority: 3 }));
    const { id } = await records.batches.insert(newBatch(), items);
    feed(queue, 4);
    await vi.waitFor(async () => expect(await queue.waitingCount()).toBe(4), soon);
    expect(await cancelBatch(records.batches, id)).toBe(500);
    // The tickets of jobs that were cancelled are left for a consumer to take: only these, and none that came later.
    expect(await queue.waitingCount()).toBe(4);
  });

  it('has one pass for all that it is woken for in a short time', async () => {
    const batches: number[] = [];
    const feeder = feed(
      {
        raise: async () => {},
        async enqueueAll(tickets) {
          batches.push(tickets.length);
        },
      },
      1000,
    );
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        await records.insertJob(newJob());
        feeder.wake();
      }),
    );
    await vi.waitFor(() => expect(batches.reduce((sum, size) => sum + size, 0)).toBe(100), soon);
    expect(batches.length).toBeLessThan(50);
  });

  it('brings what the queue did not take when the queue is back', async () => {
    const [id] = await insert(1);
    let away = true;
    feed(
      {
        raise: (now) => queue.raise(now),
        async enqueueAll(tickets) {
          if (away) throw new Error('the queue is away');
          await queue.enqueueAll(tickets);
        },
      },
      1,
    );
    await vi.waitFor(() => expect(errors).toMatchObject([{ message: 'the queue is away' }]), soon);
    away = false;
    await vi.waitFor(async () => expect(await queue.holds(id!)).toBe(true), soon);
  });

  it('shares the work with others: no job is moved twice, none is left', async () => {
    const moved: DispatchedTicket[] = [];
    const collect = {
      raise: async () => {},
      async enqueueAll(tickets: readonly DispatchedTicket[]) {
        moved.push(...tickets);
      },
    };
    const several = [feed(collect, 1000), feed(collect, 1000), feed(collect, 1000)];
    const ids: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      ids.push(...(await insert(2)));
      for (const feeder of several) feeder.wake();
    }
    await vi.waitFor(() => expect(moved).toHaveLength(ids.length), soon);
    expect(new Set(moved.map(({ id }) => id))).toEqual(new Set(ids));
  });
});
