import type { StoredKey } from '../../records/access/keys.ts';
import type { KeyRing } from './key-ring.ts';

/** With what a request ends that is under way. */
export interface Ending {
  /** Id of the key in whose name it is made, or null. */
  readonly key: string | null;
  /** When it ends at the latest: milliseconds since 1970, or infinity. */
  readonly at: number;
}

interface OpenRequest extends Ending {
  readonly end: () => void;
}

export interface OpenRequestParts {
  readonly ring: Pick<KeyRing, 'find' | 'onChange'>;
  readonly now: () => number;
  /** Milliseconds after which keys are looked at again, should a notification have been lost. */
  readonly pollMs: number;
}

/** Requests that are under way in the name of a key. They end with it, whichever process it was revoked in. */
export class OpenRequests {
  readonly #parts: OpenRequestParts;
  readonly #open = new Set<OpenRequest>();
  readonly #stop: () => void;
  #timer: NodeJS.Timeout | null = null;
  #due = Number.POSITIVE_INFINITY;

  constructor(parts: OpenRequestParts) {
    this.#parts = parts;
    this.#stop = parts.ring.onChange((id) => void this.#lookAt(id));
  }

  /** Calls `end` when the key ends or the time is over. Returns how to say that the request is over before. */
  add(request: OpenRequest): () => void {
    this.#open.add(request);
    if (this.#timer === null || request.at < this.#due) this.#arm();
    return () => this.#open.delete(request);
  }

  close(): void {
    this.#stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#open.clear();
  }

  /** One timer for all: for the first that ends, but not beyond the next look at the keys. */
  #arm(): void {
    const { now, pollMs } = this.#parts;
    const first = Math.min(now() + pollMs, ...[...this.#open].map(({ at }) => at));
    if (this.#open.size === 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#due = first;
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, first - now())).unref();
  }

  async #look(): Promise<void> {
    this.#timer = null;
    const now = this.#parts.now();
    this.#endThose(({ at }) => at <= now);
    const keys = new Set([...this.#open].flatMap(({ key }) => key ?? []));
    await Promise.all([...keys].map(async (key) => await this.#lookAt(key)));
    this.#arm();
  }

  async #lookAt(id: string): Promise<void> {
    if (![...this.#open].some(({ key }) => key === id)) return;
    try {
      if (!isGood(await this.#parts.ring.find(id), this.#parts.now())) this.#endThose(({ key }) => key === id);
    } catch {
      // Records are away: what is open goes on, and the next look asks again.
    }
  }

  #endThose(chosen: (request: OpenRequest) => boolean): void {
    for (const request of this.#open) {
      if (!chosen(request)) continue;
      this.#open.delete(request);
      request.end();
    }
  }
}

/** Whether a key opens anything. */
function isGood(stored: StoredKey | null, now: number): boolean {
  if (stored === null || stored.key.revokedAt !== null) return false;
  return stored.key.expiresAt === null || stored.key.expiresAt.getTime() > now;
}
