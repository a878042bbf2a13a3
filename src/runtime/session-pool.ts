import { ArmatureError } from '../errors.ts';
import type { OnnxModel } from '../graph/compiler/index.ts';
import { LeastRecent } from './least-recent.ts';
import { createSession, type NetworkSession, type SessionSettings, weightBytes } from './session.ts';

/** Networks whose time of loading is remembered: variants of models may come without end. */
const mostRemembered = 1000;

/** A session, or numbers that networks are fed with. */
interface Held {
  readonly bytes: number;
  release(): Promise<void>;
}

interface Kept<Value> extends Held {
  readonly value: Value;
}

interface Entry {
  readonly held: Held;
  users: number;
}

/**
 * Sessions under one memory budget. A session stays loaded after its use until another needs its memory; the least recently
 * used goes first, one in use never.
 */
export class SessionPool {
  readonly #settings: SessionSettings;
  readonly #budget: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  /** Milliseconds that the network of a key took to load when it last was. */
  readonly #loadMs = new LeastRecent<number>(mostRemembered);
  #loading: Promise<unknown> = Promise.resolve();

  /** `budget` in bytes. */
  constructor(settings: SessionSettings, budget: number) {
    this.#settings = settings;
    this.#budget = budget;
  }

  /** Estimate of the memory that the loaded sessions, and what is kept beside them, take. */
  get bytes(): number {
    let sum = 0;
    for (const { held } of this.#entries.values()) sum += held.bytes;
    return sum;
  }

  /** Keys of the loaded sessions, least recently used first. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  isLoaded(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Milliseconds that it takes to load the network of `key` again; 0 where it is loaded, and where it never was. */
  reloadMs(key: string): number {
    return this.#entries.has(key) ? 0 : (this.#loadMs.get(key) ?? 0);
  }

  /**
   * Does `work` with the session of `key`, which stands for the network that `build` gives, always the same for one key.
   * Throws `out_of_memory` where the network does not fit beside the sessions in use.
   */
  async use<Result>(
    key: string,
    build: () => OnnxModel,
    work: (session: NetworkSession) => Promise<Result>,
  ): Promise<Result> {
    const entry = await this.#acquire(key, async () => await this.#load(key, build));
    try {
      return await work(entry.held as NetworkSession);
    } finally {
      entry.users--;
    }
  }

  /**
   * What `read` gives, which takes so many bytes under the budget until others need them: then it is let go, and read again when it is next
   * asked for. Always the same for one key; `name` is what messages call it. Throws `out_of_memory` where it does not fit beside the sessions in use.
   */
  async keep<Value>(key: string, name: string, bytes: number, read: () => Promise<Value>): Promise<Value> {
    const entry = await this.#acquire(key, async (): Promise<Kept<Value>> => {
      await this.#makeRoom(name, bytes);
      return { bytes, value: await read(), release: async () => await Promise.resolve() };
    });
    entry.users--;
    return (entry.held as Kept<Value>).value;
  }

  /** Lets go what is kept or loaded under a key, unless it is in use. */
  async forget(key: string): Promise<void> {
    if (this.#entries.get(key)?.users === 0) await this.#evict(key);
  }

  /** Releases every session; none may be in use. */
  async release(): Promise<void> {
    await this.#loading;
    for (const key of this.keys) await this.#evict(key);
  }

  /** One at a time, so that two loads do not share the same free memory. */
  async #acquire(key: string, load: () => Promise<Held>): Promise<Entry> {
    const acquired = this.#loading.then(async () => {
      const entry = this.#entries.get(key) ?? { held: await load(), users: 0 };
      entry.users++;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry;
    });
    this.#loading = acquired.catch(() => undefined);
    return acquired;
  }

  async #load(key: string, build: () => OnnxModel): Promise<NetworkSession> {
    const startedAt = performance.now();
    const model = build();
    await this.#makeRoom(model.name, weightBytes(model));
    const session = await createSession(model, this.#settings);
    this.#loadMs.set(key, performance.now() - startedAt);
    return session;
  }

  async #makeRoom(name: string, wanted: number): Promise<void> {
    for (const key of this.#idleKeys()) {
      if (this.bytes + wanted <= this.#budget) break;
      await this.#evict(key);
    }
    if (this.bytes + wanted > this.#budget) {
      throw new ArmatureError(
        'out_of_memory',
        `The ${name} needs ${gigabytes(wanted)} beside ${gigabytes(this.bytes)} in use, but the memory budget is ${gigabytes(this.#budget)}. Raise the memory budget.`,
      );
    }
  }

  #idleKeys(): readonly string[] {
    return [...this.#entries].filter(([, entry]) => entry.users === 0).map(([key]) => key);
  }

  async #evict(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    await entry?.held.release();
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
