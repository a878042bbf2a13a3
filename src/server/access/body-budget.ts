import { ArmatureError } from '../../errors.ts';

/** What one request holds of a budget. */
export interface BudgetPart {
  /** Takes so many bytes more. @throws ArmatureError `overloaded` where they do not fit; nothing is taken then. */
  readonly add: (bytes: number) => void;
  /** Gives so many of its bytes back, at most all that it holds. */
  readonly giveBack: (bytes: number) => void;
  /** Gives back all of it. */
  readonly close: () => void;
}

/**
 * Bounds the bytes that all requests together hold in memory: their bodies, and the pictures that are fetched for them.
 * Nobody gets more than half of it; what is larger than that passes alone.
 */
export class BodyBudget {
  readonly #total: number;
  readonly #share: number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
    this.#share = Math.ceil(total / 2);
  }

  get taken(): number {
    return this.#taken;
  }

  /** @param holder whose share it counts in: a tenant, or an address where there are none. */
  open(holder: string): BudgetPart {
    let own = 0;
    const change = (bytes: number): void => {
      own += bytes;
      this.#taken += bytes;
      const held = (this.#held.get(holder) ?? 0) + bytes;
      if (held === 0) this.#held.delete(holder);
      else this.#held.set(holder, held);
    };
    return {
      add: (bytes) => {
        const held = this.#held.get(holder) ?? 0;
        // Alone is who holds all that is held.
        if (held > own && held + bytes > this.#share) {
          throw overloaded('Your other requests are sending as much as you may at once');
        }
        if (this.#taken > own && this.#taken + bytes > this.#total) {
          throw overloaded('The service is receiving as much as it can hold at once');
        }
        change(bytes);
      },
      giveBack: (bytes) => change(-Math.min(bytes, own)),
      close: () => change(-own),
    };
  }
}

function overloaded(what: string): ArmatureError {
  return new ArmatureError('overloaded', `${what}: send the request again in a moment.`, { retryAfter: 1 });
}
