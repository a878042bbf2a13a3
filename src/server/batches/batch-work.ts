import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { inBackground } from '../../records/database/background.ts';
import { finishRemovals } from '../../retention/leftovers.ts';
import { deleteLeftovers } from '../jobs/delete-leftovers.ts';
import type { ServerParts } from '../parts/parts.ts';

/** Milliseconds for which a request waits for the work that it began: most of it is done by then. */
const patienceMs = 500;

/** Does some of what is left to do; false where that was nothing. */
type Slice = () => Promise<boolean>;

interface Retry {
  readonly stop: () => void;
  /** Never rejects. */
  readonly ended: Promise<unknown>;
}

/**
 * What takes long for a batch of ten thousand: it goes on when the request that began it is answered, slice by slice. What was
 * cancelled or deleted is so from the first moment, in records, and goes on after a restart.
 */
export class BatchWork {
  readonly #parts: ServerParts;
  readonly #running = new Map<string, Promise<void>>();
  /** What queues items of a batch again, by its id. */
  readonly #retries = new Map<string, Set<Retry>>();
  readonly #closing = new AbortController();

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** Goes on with the cancels that nobody has brought to their end; returns at once. */
  resume(): void {
    const { batches } = this.#parts.records;
    const resumed = this.#run('unfinished cancels', async () => {
      for (const id of await batches.unfinishedCancels(new Date())) this.#cancel(id).catch(() => {});
      return false;
    });
    resumed.catch(() => {});
  }

  /** Cancels all items of a batch, also those that are about to be queued again. Whether that was done while the caller waited. */
  async cancel(id: string): Promise<boolean> {
    await this.#parts.records.batches.beginCancel(id);
    const retries = [...(this.#retries.get(id) ?? [])];
    for (const { stop } of retries) stop();
    const cancelled = async (): Promise<void> => {
      await Promise.all(retries.map(async ({ ended }) => await ended));
      await this.#cancel(id);
    };
    return await inTime(cancelled());
  }

  /** Goes on with a cancel of which nothing is left to its end, which is to see that. Whether that was done while the caller waited. */
  async endCancel(id: string): Promise<boolean> {
    return await inTime(this.#cancel(id));
  }

  /** Removes what a batch takes up that nobody sees any more, of this tenant. Whether that was done while the caller waited. */
  async delete(tenant: string, id: string): Promise<boolean> {
    const { batches } = this.#parts.records;
    const finish = async (): Promise<void> => {
      await this.#slices(`delete ${id}`, async () => (await batches.discard(id)) > 0);
      if (this.#closing.signal.aborted) return;
      await deleteLeftovers(this.#parts, async () => await finishRemovals(this.#parts, { tenant }));
    };
    return await inTime(this.#once(`delete ${id}`, finish));
  }

  /**
   * Queues items of a batch again, slice by slice until one says that nothing is left or the batch is cancelled, and then runs
   * `finish`, which also follows where they were interrupted. Whether that was done while the caller waited.
   */
  async retry(id: string, slice: Slice, finish: () => Promise<void>): Promise<boolean> {
    const stopped = new AbortController();
    const work = async (): Promise<void> => {
      try {
        await this.#slices(`retry ${id}`, async () => !stopped.signal.aborted && (await slice()));
      } finally {
        await finish();
      }
    };
    const done = this.#once(`retry ${id} ${randomUUID()}`, work);
    const ofBatch = this.#retries.get(id) ?? new Set();
    const retry: Retry = { stop: () => stopped.abort(), ended: done.catch(() => {}) };
    this.#retries.set(id, ofBatch.add(retry));
    void retry.ended.finally(() => {
      ofBatch.delete(retry);
      if (ofBatch.size === 0) this.#retries.delete(id);
    });
    return await inTime(done);
  }

  /** Resolves when the slices that run have ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running.values());
  }

  async #cancel(id: string): Promise<void> {
    const { batches } = this.#parts.records;
    await this.#run(`cancel ${id}`, async () => (await batches.goOnCancelling(id)) > 0);
  }

  /** The same work is not done twice at once: a second request waits for the first one's. */
  async #run(what: string, slice: Slice): Promise<void> {
    await this.#once(what, async () => await this.#slices(what, slice));
  }

  async #once(key: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(key) ?? work().finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    await running;
  }

  async #slices(what: string, slice: Slice): Promise<void> {
    try {
      while (!this.#closing.signal.aborted && (await inBackground(slice)));
    } catch (err) {
      // Records say what is left of a cancel or a deletion: the reconciler, or the next start, goes on.
      this.#parts.log.warn({ err, work: what }, 'work on a batch was interrupted');
      throw err;
    }
  }
}

async function inTime(work: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const late = pause(patienceMs, false, { signal: timer.signal, ref: false }).catch(() => true);
  const done = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return done;
}
