import type { JobsOptions } from 'bullmq';
import { type Lane, laneOf } from '../generation/lanes.ts';
import type { DispatchedTicket } from '../records/scheduling/turns.ts';
import { startConsumer, type ConsumerTimes } from './consumer.ts';
import { bindEngine, type BoundEngine, type BullQueue, type QueueEngine } from './engines.ts';
import { isQueueOutage, orUnavailable } from './outage.ts';
import { bullPriority, raiseAged } from './priority.ts';
import type { Consumer, JobQueue } from './queue.ts';

export interface OpenQueueOptions extends Partial<ConsumerTimes> {
  readonly name?: string;
  /** Told of errors that no caller gets: of the engine's connections, and of handlers. Outages are told once each. */
  readonly onError?: (error: Error) => void;
}

/** The most that BullMQ can keep, in 32 bits: attempts are counted and limited in the records, never by the queue. */
const unlimitedAttempts = 2 ** 31 - 1;

/**
 * Opens the queue on an engine. On the embedded engine it starts empty, because records are the truth and no other
 * process can be running its jobs: open it once in a process and reconcile before consuming.
 *
 * @throws ArmatureError `unavailable` where the engine doesn't answer
 */
export async function openQueue(engine: QueueEngine, options: OpenQueueOptions = {}): Promise<JobQueue> {
  const { name = 'armature-generations' } = options;
  const times = {
    lockDurationMs: options.lockDurationMs ?? 30_000,
    stalledIntervalMs: options.stalledIntervalMs ?? 15_000,
    retryDelayMs: options.retryDelayMs ?? 1_000,
  };
  const onError = oncePerOutage(options.onError ?? ((error) => process.emitWarning(error)));
  const lanes = {
    pictures: await orUnavailable(() => bindEngine(engine, name)),
    long: await orUnavailable(() => bindEngine(engine, `${name}-long`)),
  } satisfies Readonly<Record<Lane, BoundEngine>>;
  const { pictures } = lanes;
  const all = Object.values(lanes);
  for (const { queue } of all) {
    queue.on('error', onError);
    await orUnavailable(() => queue.waitUntilReady());
  }
  const queueOf = (id: string): BullQueue => lanes[laneOf(id)].queue;

  const jobOptions: JobsOptions = {
    attempts: unlimitedAttempts,
    backoff: { type: 'custom' },
    // A ticket leaves no trace when it is done, so that the same one can be added again.
    removeOnComplete: true,
    removeOnFail: true,
    stackTraceLimit: 1,
  };
  const entry = ({ tenant, id, priority }: DispatchedTicket) =>
    ({
      name: 'generation',
      data: { tenant, id },
      opts: { ...jobOptions, jobId: id, priority: bullPriority(priority) },
    }) as const;
  const consumers: Consumer[] = [];

  return {
    enqueueAll: (tickets) =>
      orUnavailable(async () => {
        for (const bound of all) {
          const own = tickets.filter(({ id }) => queueOf(id) === bound.queue);
          if (own.length > 0) await bound.queue.addBulk(own.map(entry));
        }
      }),
    raise: (now) => orUnavailable(() => raiseAged(pictures.queue, now)),
    // What is done or failed is removed, so an entry that is there waits, is delayed or runs.
    holds: (id) => orUnavailable(async () => (await queueOf(id).getJob(id)) !== undefined),
    remove: (id) =>
      orUnavailable(async () => {
        await queueOf(id).remove(id);
      }),
    waitingCount: () => orUnavailable(() => pictures.queue.getJobCountByTypes('waiting', 'prioritized', 'delayed')),
    async consume(handler, consumeOptions) {
      const bound = lanes[consumeOptions.lane ?? 'pictures'];
      const consumer = await startConsumer(bound, handler, consumeOptions, times, onError);
      consumers.push(consumer);
      return consumer;
    },
    ping: () => orUnavailable(() => pictures.ping()),
    async close() {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await Promise.all(all.map(({ queue }) => queue.close()));
      // Of a database they share the connections.
      await Promise.all((engine.kind === 'redis' ? all : [pictures]).map((bound) => bound.close()));
    },
  };
}

/** Every connection reports every attempt to reach an engine that is away: once in a minute is enough. */
function oncePerOutage(report: (error: Error) => void): (error: Error) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!isQueueOutage(error)) {
      report(error);
      return;
    }
    const time = performance.now();
    if (time - last > 60_000) {
      last = time;
      report(error);
    }
  };
}
