import { ArmatureError } from '../../errors.ts';

/** How many may be open at the same time, of all tenants and of one. */
export interface PlaceLimits {
  readonly total: number;
  readonly perTenant: number;
}

/** What is counted, and what a client can do that finds no place, for the answers. */
export interface PlaceTexts {
  readonly what: string;
  readonly instead: string;
}

/** Seconds after which a client that found all places taken may come again. */
const retryAfter = 5;

/** Counts what clients hold open for as long as they like: each takes up a connection and what stands behind it. */
export class OpenPlaces {
  readonly #limits: PlaceLimits;
  readonly #texts: PlaceTexts;
  readonly #ofTenant = new Map<string, number>();
  #open = 0;

  constructor(limits: PlaceLimits, texts: PlaceTexts) {
    this.#limits = limits;
    this.#texts = texts;
  }

  /** Takes a place, to be given back by the function that is returned; `rate_limited` or `overloaded` where there is none. */
  take(tenant: string): () => void {
    const own = this.#ofTenant.get(tenant) ?? 0;
    const { total, perTenant } = this.#limits;
    const { what, instead } = this.#texts;
    if (own >= perTenant) {
      const detail = `Expected at most ${perTenant} ${what} of yours at a time: ${instead}.`;
      throw new ArmatureError('rate_limited', detail, { retryAfter });
    }
    if (this.#open >= total) {
      const detail = `All places for ${what} are taken: come back in a moment, or ${instead}.`;
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
