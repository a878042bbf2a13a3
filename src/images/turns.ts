/** How many work at the same time. */
export interface TurnLimits {
  readonly total: number;
  readonly perTenant: number;
}

interface Waiting {
  readonly tenant: string;
  readonly start: () => void;
}

/** Lets work on pictures begin in the order of asking, a few at a time and no tenant more than its share. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #ofTenant = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Runs `work` when it is its turn. Rejects with the reason of `signal` where that aborts before. */
  async run<T>(tenant: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#mayStart(tenant)) this.#enter(tenant);
    else await this.#wait(tenant, signal);
    try {
      return await work();
    } finally {
      this.#leave(tenant);
    }
  }

  /** Whoever lets it start has entered for it. */
  async #wait(tenant: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        reject(signal.reason as Error);
      };
      const start = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiting: Waiting = { tenant, start };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiting);
    });
  }

  #mayStart(tenant: string): boolean {
    const { total, perTenant } = this.#limits;
    return this.#running < total && (this.#ofTenant.get(tenant) ?? 0) < perTenant;
  }

  #enter(tenant: string): void {
    this.#running += 1;
    this.#ofTenant.set(tenant, (this.#ofTenant.get(tenant) ?? 0) + 1);
  }

  /** Whoever comes next is let in here, so that nobody comes between. */
  #leave(tenant: string): void {
    this.#running -= 1;
    const left = this.#ofTenant.get(tenant)! - 1;
    if (left === 0) this.#ofTenant.delete(tenant);
    else this.#ofTenant.set(tenant, left);
    for (const next of this.#waiting) {
      if (!this.#mayStart(next.tenant)) continue;
      this.#waiting.delete(next);
      this.#enter(next.tenant);
      next.start();
      return;
    }
  }
}
