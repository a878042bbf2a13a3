import type { Records } from '../records/records.ts';

export interface WatchedCancel {
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * Tells running jobs that their cancel was requested. Records hold the truth; a change notification makes it quick, and a
 * slow poll makes up for notifications that got lost.
 */
export class CancelWatch {
  readonly #records: Records;
  /** By the job's id. One that lost its claim on a job may still be ending while the next attempt runs beside it. */
  readonly #controllers = new Map<string, Set<AbortController>>();
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

  watch(id: string): WatchedCancel {
    const controller = new AbortController();
    const ofJob = this.#controllers.get(id) ?? new Set();
    this.#controllers.set(id, ofJob.add(controller));
    void this.#check([id]);
    const stop = (): void => {
      ofJob.delete(controller);
      if (ofJob.size === 0 && this.#controllers.get(id) === ofJob) this.#controllers.delete(id);
    };
    return { signal: controller.signal, stop };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  async #check(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // A database that is away says nothing of cancels; the next poll asks again.
    const requested = await this.#records.cancelRequested(ids).catch(() => new Set<string>());
    for (const id of requested) {
      for (const controller of this.#controllers.get(id) ?? []) controller.abort();
    }
  }
}
