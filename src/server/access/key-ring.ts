import type { KeyRecords, StoredKey } from '../../records/access/keys.ts';

/** Milliseconds after which records are asked again, should a notification have been lost. */
const lifetime = 5000;
const touchInterval = 60_000;
/** Ids that are remembered, the unknown ones among them. */
const capacity = 10_000;

interface Entry {
  readonly until: number;
  readonly found: Promise<StoredKey | null>;
}

/** API keys as records have them, kept for seconds: a change is noticed at once where its notification arrives. */
export class KeyRing {
  readonly #records: KeyRecords;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #touched = new Map<string, number>();
  readonly #stop: () => void;
  readonly #listeners = new Set<(id: string) => void>();
  #any: { readonly until: number; readonly found: Promise<boolean> } | null = null;

  constructor(records: KeyRecords, now: () => number, onError: (error: unknown) => void) {
    this.#records = records;
    this.#now = now;
    this.#onError = onError;
    this.#stop = records.onChange((id) => {
      this.#entries.delete(id);
      this.#any = null;
      for (const listener of this.#listeners) listener(id);
    });
  }

  /** Calls back with the id of a key that changed, when it is found as it is now. Returns how to stop listening. */
  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The key of an id. A lookup that began before the key changed is not kept. */
  async find(id: string): Promise<StoredKey | null> {
    const kept = this.#entries.get(id);
    if (kept !== undefined && kept.until > this.#now()) return await kept.found;
    const entry = { until: this.#now() + lifetime, found: this.#records.find(id) };
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    forgetOldest(this.#entries);
    return await entry.found.catch((error: unknown) => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
      throw error;
    });
  }

  /** Whether there ever was a key; that there was one is never asked twice. */
  async any(): Promise<boolean> {
    if (this.#any === null || this.#any.until <= this.#now()) {
      const asked = { until: this.#now() + lifetime, found: this.#records.any() };
      this.#any = asked;
      const found = await asked.found.catch((error: unknown) => {
        if (this.#any === asked) this.#any = null;
        throw error;
      });
      if (found) this.#any = { until: Number.POSITIVE_INFINITY, found: Promise.resolve(true) };
      return found;
    }
    return await this.#any.found;
  }

  /** Notes that a key was used, without anyone waiting for it. */
  touch(id: string): void {
    const now = this.#now();
    if (now - (this.#touched.get(id) ?? Number.NEGATIVE_INFINITY) < touchInterval) return;
    this.#touched.delete(id);
    this.#touched.set(id, now);
    forgetOldest(this.#touched);
    this.#records.touch(id).catch(this.#onError);
  }

  close(): void {
    this.#stop();
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= capacity) return;
  const [oldest] = map.keys();
  map.delete(oldest!);
}
