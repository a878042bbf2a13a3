import { setTimeout as pause } from 'node:timers/promises';
import type { BoundEngine, TicketProcessor } from './engines.ts';
import type { Consumer, ConsumeOptions, TicketHandler } from './queue.ts';

export interface ConsumerTimes {
  /** How long a worker's claim on a ticket lasts without renewal; renewed at half of it. */
  readonly lockDurationMs: number;
  /** How often a worker looks for tickets whose claim has lapsed. */
  readonly stalledIntervalMs: number;
  /** How long a ticket whose handler threw waits for its next run. */
  readonly retryDelayMs: number;
}

/** How long a closing consumer waits for its engine after its last handler has ended. */
const partingMs = 2_000;

/** A ticket that goes back to the queue. BullMQ does so with a job that fails and has attempts left. */
class TicketReturned extends Error {
  readonly retryInMs: number;

  constructor(message: string, retryInMs: number) {
    super(message);
    this.retryInMs = retryInMs;
  }
}

export async function startConsumer(
  engine: BoundEngine,
  handler: TicketHandler,
  { concurrency }: ConsumeOptions,
  times: ConsumerTimes,
  onError: (error: Error) => void,
): Promise<Consumer> {
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  let closed: Promise<void> | null = null;

  // BullMQ gives a signal only to a processor that declares three parameters.
  const process: TicketProcessor = async (job, _token, lockLost) => {
    if (closed !== null) {
      throw new TicketReturned('It was claimed while the consumer closed.', 0);
    }
    const signals = lockLost === undefined ? [stopping.signal] : [stopping.signal, lockLost];
    const run = handler(job.data, AbortSignal.any(signals));
    running.add(run);
    try {
      const outcome = await run;
      if (outcome !== 'done') {
        throw new TicketReturned('Its handler gave it back.', outcome.retryInMs);
      }
    } finally {
      running.delete(run);
    }
  };

  const { worker, stopWaiting } = engine.worker(process, {
    concurrency,
    lockDuration: times.lockDurationMs,
    stalledInterval: times.stalledIntervalMs,
    // The records count how often a job lost its worker, so the queue never gives up on a ticket. The default of 1 fails jobs that
    // did nothing wrong.
    maxStalledCount: 50,
    runRetryDelay: 1_000,
    settings: {
      backoffStrategy: (_times, _type, error) =>
        error instanceof TicketReturned ? error.retryInMs : times.retryDelayMs,
    },
  });
  worker.on('error', onError);
  worker.on('failed', (_job, error) => {
    if (!(error instanceof TicketReturned)) {
      onError(error);
    }
  });
  worker.on('lockRenewalFailed', (ids: string[]) => {
    for (const id of ids) {
      worker.cancelJob(id, 'The claim on the ticket was lost.');
    }
  });
  await worker.waitUntilReady();

  const close = async (graceMs: number): Promise<void> => {
    const parted = worker.close();
    const patience = new AbortController();
    void abortAfter(graceMs, stopping, patience.signal);
    await Promise.allSettled(running);
    patience.abort();
    stopWaiting();
    await withinMs(partingMs, parted, () => worker.disconnect());
  };
  return { close: (graceMs = 0) => (closed ??= close(graceMs)) };
}

/** Waits for `done`, but no longer than `ms`; then `giveUp` is called and waited for no more. */
async function withinMs(ms: number, done: Promise<void>, giveUp: () => Promise<void>): Promise<void> {
  const timer = new AbortController();
  const timeout = pause(ms, false, { signal: timer.signal }).catch(() => true);
  const inTime = await Promise.race([done.then(() => true), timeout]);
  timer.abort();
  if (!inTime) {
    giveUp().catch(() => {});
  }
}

async function abortAfter(ms: number, controller: AbortController, unless: AbortSignal): Promise<void> {
  try {
    if (ms > 0) {
      await pause(ms, undefined, { signal: unless });
    }
    controller.abort(new Error('The consumer closes.'));
  } catch {
    // Every handler had ended by then.
  }
}
