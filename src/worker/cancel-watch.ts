import type { JobWish } from '../generation/job.ts';
import { laneOf } from '../generation/lanes.ts';
import type { Records } from '../records/records.ts';

/** What somebody wants of a job that runs, each of which aborts once it is asked for. */
export interface WatchedJob {
  readonly cancel: AbortSignal;
  readonly pause: AbortSignal;
  /** To end with what it has. */
  readonly finish: AbortSignal;
  /** Watches no more. */
  stop(): void;
}

interface Controllers {
  readonly cancel: AbortController;
  readonly pause: AbortController;
  readonly stop: AbortController;
}

/**
 * Tells running jobs what they are asked for. Records hold the truth; a change notification makes it quick, and a
 * slow poll makes up for notifications that got lost.
 */
export class CancelWatch {
  readonly #records: Records;
  /** By the job's id. One that lost its claim on a job may still be ending while the next attempt runs beside it. */
  readonly #controllers = new Map<string, Set<Controllers>>();
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;

  constructor(records: Records, pollMs = 5000) {
    this.#records = records;
    this.#timer = setInterval(() => void this.#check([...this.#controllers.keys()]), pollMs);
    this.#timer.unref();
    this.#unsubscribe = records.onChange((id, kind) => {
      if (kind === 'state' && this.#controllers.has(id)) void this.#check([id]);
    });
  }

  watch(id: string): WatchedJob {
    const own = { cancel: new AbortController(), pause: new AbortController(), stop: new AbortController() };
    const ofJob = this.#controllers.get(id) ?? new Set();
    this.#controllers.set(id, ofJob.add(own));
    void this.#check([id]);
    const stop = (): void => {
      ofJob.delete(own);
      if (ofJob.size === 0 && this.#controllers.get(id) === ofJob) this.#controllers.delete(id);
    };
    return { cancel: own.cancel.signal, pause: own.pause.signal, finish: own.stop.signal, stop };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  async #check(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // A database that is away says nothing of either; the next poll asks again.
    const requested = await this.#records.cancelRequested(ids).catch(() => new Set<string>());
    for (const id of requested) for (const { cancel } of this.#controllers.get(id) ?? []) cancel.abort();
    const long = ids.filter((id) => laneOf(id) === 'long');
    if (long.length === 0) return;
    const wishes = await this.#records.wishes(long).catch(() => new Map<string, JobWish>());
    for (const [id, wish] of wishes) for (const own of this.#controllers.get(id) ?? []) own[wish].abort();
  }
}
