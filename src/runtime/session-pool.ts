import { ArmatureError } from '../errors.ts';
import type { OnnxModel } from '../graph/compiler/index.ts';
import { LeastRecent } from './least-recent.ts';
import { createSession, type NetworkSession, type SessionSettings, weightBytes } from './session.ts';

/** Networks whose time of loading is remembered: variants of models may come without end. */
const mostRemembered = 1000;

interface Entry {
  readonly session: NetworkSession;
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

  /** Estimate of the memory that the loaded sessions take. */
  get bytes(): number {
    let sum = 0;
    for (const { session } of this.#entries.values()) sum += session.bytes;
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
    const entry = await this.#acquire(key, build);
    try {
      return await work(entry.session);
    } finally {
      entry.users--;
    }
  }

  /** Releases every session; none may be in use. */
  async release(): Promise<void> {
    await this.#loading;
    for (const key of this.keys) await this.#evict(key);
  }

  /** One at a time, so that two loads do not share the same free memory. */
  async #acquire(key: string, build: () => OnnxModel): Promise<Entry> {
    const acquired = this.#loading.then(async () => {
      const entry = this.#entries.get(key) ?? { session: await this.#load(key, build), users: 0 };
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
    const wanted = weightBytes(model);
    for (const key of this.#idleKeys()) {
      if (this.bytes + wanted <= this.#budget) break;
      await this.#evict(key);
    }
    if (this.bytes + wanted > this.#budget) {
      throw new ArmatureError(
        'out_of_memory',
        `The ${model.name} needs ${gigabytes(wanted)} beside ${gigabytes(this.bytes)} in use, but the memory budget is ${gigabytes(this.#budget)}. Raise the memory budget.`,
      );
    }
    const session = await createSession(model, this.#settings);
    this.#loadMs.set(key, performance.now() - startedAt);
    return session;
  }

  #idleKeys(): readonly string[] {
    return [...this.#entries].filter(([, entry]) => entry.users === 0).map(([key]) => key);
  }

  async #evict(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    await entry?.session.release();
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
