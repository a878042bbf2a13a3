import { ArmatureError } from '../errors.ts';

/** How many pictures are brought in at the same time, of all tenants and of one. */
export interface TurnLimits {
  readonly total: number;
  readonly perTenant: number;
  /** Milliseconds that one waits for its turn. */
  readonly patienceMs: number;
}

interface Waiting {
  readonly tenant: string;
  readonly start: () => void;
}

/**
 * Lets pictures be fetched, looked at and stored a few at a time: what a request of a thousand bytes can bring in is a
 * thousand times as much. In turn, but no tenant more than its share.
 */
export class PictureTurns {
  readonly #limits: TurnLimits;
  readonly #ofTenant = new Map<string, number>();
  #waiting: readonly Waiting[] = [];
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Runs `work` when it is its turn. @throws ArmatureError `overloaded` where that does not come in time. */
  async run<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(tenant);
    try {
      return await work();
    } finally {
      this.#leave(tenant);
    }
  }

  async #turn(tenant: string): Promise<void> {
    if (this.#mayStart(tenant)) {
      this.#enter(tenant);
      return;
    }
    const { patienceMs } = this.#limits;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        const detail = `Other pictures are brought in, and none of yours got its turn in ${patienceMs / 1000} s: send the request again later.`;
        reject(new ArmatureError('overloaded', detail, { retryAfter: 5 }));
      }, patienceMs);
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const waiting: Waiting = { tenant, start };
      this.#waiting = [...this.#waiting, waiting];
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
    const next = this.#waiting.find((waiting) => this.#mayStart(waiting.tenant));
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((each) => each !== next);
    this.#enter(next.tenant);
    next.start();
  }
}
