import {
  createPostgresBackend,
  createRedisBackend,
  runMigrations,
  withBackend,
  type ConnectionOptions,
  type Processor,
  type Queue,
  type QueueOptions,
  type Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { ArmatureError } from '../errors.ts';
import type { QueueTicket } from '../records/scheduling/queue-ticket.ts';
import type { SqlQueueEngine } from '../records/database/sql-pool.ts';

/** What a queue runs on: the database of records (`openRecords(...).queueEngine()`), or a Redis. */
export type QueueEngine = SqlQueueEngine | { readonly kind: 'redis'; readonly url: string };

export type TicketProcessor = Processor<QueueTicket, void>;

/** What is used of BullMQ's queue, whose type differs by backend. */
export interface BullQueue extends Pick<
  Queue,
  'addBulk' | 'getJob' | 'getJobs' | 'remove' | 'getJobCountByTypes' | 'waitUntilReady' | 'close'
> {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What is used of BullMQ's worker. */
export interface BullWorker extends Pick<Worker, 'cancelJob' | 'waitUntilReady' | 'close' | 'disconnect'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (ids: string[]) => void): unknown;
}

export interface BoundWorker {
  readonly worker: BullWorker;
  /** From now on a connection that drops, or is away, stays away: what waits for it fails. */
  readonly stopWaiting: () => void;
}

export interface BoundEngine {
  readonly queue: BullQueue;
  worker(process: TicketProcessor, options: Omit<WorkerOptions, 'connection'>): BoundWorker;
  ping(): Promise<void>;
  /** Closes the connections. The queue is closed by then. */
  close(): Promise<void>;
}

/** Milliseconds until the next attempt to reach Redis. BullMQ's own rule lets up to 20 s pass after a long outage. */
const retryStrategy = (times: number): number => Math.min(times * 100, 1000);

/** Event streams serve BullMQ's QueueEvents, which nothing here reads. */
const queueOptions: Omit<QueueOptions, 'connection'> = { prefix: 'armature', streams: { events: { maxLen: 100 } } };

export function bindEngine(engine: QueueEngine, name: string): Promise<BoundEngine> {
  return engine.kind === 'redis' ? bindRedis(engine.url, name) : bindSql(engine, name);
}

async function bindSql({ kind, pool }: SqlQueueEngine, name: string): Promise<BoundEngine> {
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const client = await pool.connect();
  try {
    await runMigrations(client, 'bullmq');
  } finally {
    client.release();
  }
  if (kind === 'embedded') {
    // No other process has this database, so what it says of running jobs is said by the dead, and their locks would be
    // waited for. Records are the truth: the reconciler fills the queue from them.
    const remains = new Queue(name, { ...queueOptions, connection: pool });
    await remains.obliterate({ force: true });
    await remains.close();
  }
  return {
    queue: new Queue(name, { ...queueOptions, connection: pool }),
    worker: (process, options) => ({
      worker: new Worker<QueueTicket, void>(name, process, { ...queueOptions, ...options, connection: pool }),
      // A pool doesn't wait for a database that is away.
      stopWaiting() {},
    }),
    async ping() {
      await pool.query('select 1');
    },
    close: () => pool.end(),
  };
}

async function bindRedis(url: string, name: string): Promise<BoundEngine> {
  const { Queue, Worker } = withBackend(createRedisBackend);
  // A producer answers a request: it fails at once where Redis is away. A worker has time: it waits.
  const producer = new Redis(url, {
    retryStrategy,
    lazyConnect: true,
    enableOfflineQueue: false,
    connectTimeout: 1_000,
    commandTimeout: 1_000,
  });
  // Errors reach the caller of a command, or the queue's own listener.
  producer.on('error', () => {});
  await connect(producer, url);
  return {
    queue: new Queue(name, { ...queueOptions, connection: producer }),
    worker(process, options) {
      let waits = true;
      const connection: ConnectionOptions & { url: string } = {
        url,
        retryStrategy: (times) => (waits ? retryStrategy(times) : null),
        maxRetriesPerRequest: null,
      };
      return {
        worker: new Worker<QueueTicket, void>(name, process, { ...queueOptions, ...options, connection }),
        stopWaiting() {
          waits = false;
        },
      };
    },
    async ping() {
      await producer.ping();
    },
    async close() {
      producer.disconnect();
    },
  };
}

async function connect(redis: Redis, url: string): Promise<void> {
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw new ArmatureError(
      'unavailable',
      `No Redis answers at ${withoutPassword(url)}. Start it, or correct --redis-url.`,
      {
        cause: error,
      },
    );
  }
}

function withoutPassword(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
