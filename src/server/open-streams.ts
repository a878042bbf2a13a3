import { ArmatureError } from '../errors.ts';

export interface StreamLimits {
  /** Event streams that one server process holds open. */
  readonly streams: number;
  /** Of those, streams of one tenant. */
  readonly streamsPerTenant: number;
}

/** Seconds after which a client that found all places taken may come again. */
const retryAfter = 5;

/** Counts the event streams that are open: each holds a connection and asks records at every change of its job. */
export class OpenStreams {
  readonly #limits: StreamLimits;
  readonly #ofTenant = new Map<string, number>();
  #open = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Takes a place, to be given back by the function that is returned; `rate_limited` or `overloaded` where there is none. */
  take(tenant: string): () => void {
    const own = this.#ofTenant.get(tenant) ?? 0;
    const { streams, streamsPerTenant } = this.#limits;
    if (own >= streamsPerTenant) {
      const detail = `Expected at most ${streamsPerTenant} event streams of yours at a time: close one, or ask GET /v1/generations/{id}.`;
      throw new ArmatureError('rate_limited', detail, { retryAfter });
    }
    if (this.#open >= streams) {
      const detail = 'All places for event streams are taken: come back in a moment, or ask GET /v1/generations/{id}.';
      throw new ArmatureError('overloaded', detail, { retryAfter });
    }
    this.#add(tenant, 1);
    let given = false;
    return () => {
      if (!given) this.#add(tenant, -1);
      given = true;
    };
  }

  #add(tenant: string, change: 1 | -1): void {
    this.#open += change;
    const own = (this.#ofTenant.get(tenant) ?? 0) + change;
    if (own === 0) this.#ofTenant.delete(tenant);
    else this.#ofTenant.set(tenant, own);
  }
}
