import type { Scheduling } from '../../records/scheduling/turns.ts';

/** Milliseconds for which a count is good: in between, what is accepted here is added. */
const lifetime = 500;
/** Tenants that are remembered. */
const capacity = 10_000;

interface Count {
  readonly at: number;
  jobs: number;
}

/**
 * How many jobs wait, counted in records twice a second at most. What other processes accept in between is not seen: several
 * of them may let the queue grow a little beyond its limit.
 */
export class QueueGauge {
  readonly #scheduling: Pick<Scheduling, 'depth'>;
  readonly #now: () => number;
  readonly #counts = new Map<string | null, Count>();

  constructor(scheduling: Pick<Scheduling, 'depth'>, now: () => number) {
    this.#scheduling = scheduling;
    this.#now = now;
  }

  /** Waiting jobs of a tenant, or (null) of all; not counted beyond `atMost`. */
  async waiting(tenant: string | null, atMost: number): Promise<number> {
    const known = this.#counts.get(tenant);
    if (known !== undefined && this.#now() - known.at < lifetime) return known.jobs;
    const jobs = await this.#scheduling.depth(tenant, atMost);
    this.#counts.delete(tenant);
    this.#counts.set(tenant, { at: this.#now(), jobs });
    if (this.#counts.size > capacity) this.#counts.delete(this.#counts.keys().next().value!);
    return jobs;
  }

  /** Counts jobs that are about to be recorded. */
  expect(tenant: string, jobs: number): void {
    for (const key of [null, tenant]) {
      const count = this.#counts.get(key);
      if (count !== undefined) count.jobs += jobs;
    }
  }
}
