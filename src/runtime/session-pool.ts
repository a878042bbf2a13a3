import { ArmatureError } from '../errors.ts';
import type { OnnxModel } from '../graph/compiler/index.ts';
import { LeastRecent } from './least-recent.ts';
import { createSession, type NetworkSession, type SessionSettings, weightBytes } from './session.ts';
import { createThreadSession } from './thread-session.ts';

/** Networks whose time of loading is remembered: variants of models may come without end. */
const mostRemembered = 1000;

/** How a pool lets others compute while something is loaded. */
export interface LoadingBeside {
  /** Networks whose weights take as many bytes or more are loaded, and run, by threads of their own. */
  readonly fromBytes: number;
  /** Waits for what takes no turn of whoever asks for a session: others have theirs meanwhile. */
  readonly aside: <Result>(wait: () => Promise<Result>) => Promise<Result>;
  /** Told whenever something was brought into memory or let go: the keys of all that is there. */
  readonly onChange?: (keys: readonly string[]) => void;
}

/** A session, or numbers that networks are fed with. */
interface Held {
  readonly bytes: number;
  readonly hasEnded?: () => boolean;
  release(): Promise<void>;
}

interface Kept<Value> extends Held {
  readonly value: Value;
}

/** What is to be brought into memory. */
interface Wanted {
  readonly name: string;
  readonly bytes: number;
  readonly byThread: boolean;
  readonly bring: () => Promise<Held>;
}

interface Entry {
  readonly held: Held;
  users: number;
}

/**
 * Sessions under one memory budget. A session stays loaded after its use until another needs its memory; the least recently
 * used goes first, one in use never. While one is loaded by a thread, those that are loaded already can be used.
 */
export class SessionPool {
  readonly #settings: SessionSettings;
  readonly #budget: number;
  readonly #beside: LoadingBeside | null;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Entry>>();
  /** Memory for what is being loaded. */
  #reserved = 0;
  /** Memory of what is being released, a thread for some time. */
  #leaving = 0;
  /** Milliseconds that the network of a key took to load when it last was. */
  readonly #loadMs = new LeastRecent<number>(mostRemembered);
  /** Threads load one after another: together they would leave too little to who computes meanwhile. */
  #threads: Promise<unknown> = Promise.resolve();
  /** Called when something in use is given back, or has been brought. */
  readonly #waiting: (() => void)[] = [];

  /** `budget` in bytes. Without `beside` all is loaded, and runs, in this thread. */
  constructor(settings: SessionSettings, budget: number, beside: LoadingBeside | null = null) {
    this.#settings = settings;
    this.#budget = budget;
    this.#beside = beside;
  }

  /** Estimate of the memory that the loaded sessions, and what is kept beside them, take. */
  get bytes(): number {
    let sum = this.#reserved + this.#leaving;
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

  /** Whether it is being loaded. */
  isComing(key: string): boolean {
    return this.#loading.has(key);
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
    const entry = await this.#acquire(key, () => this.#network(key, build()));
    try {
      return await work(entry.held as NetworkSession);
    } finally {
      this.#giveBack(key, entry);
    }
  }

  /**
   * What `read` gives, which takes so many bytes under the budget until others need them: then it is let go, and read again when it is next
   * asked for. Always the same for one key; `name` is what messages call it. Throws `out_of_memory` where it does not fit beside the sessions in use.
   */
  async keep<Value>(key: string, name: string, bytes: number, read: () => Promise<Value>): Promise<Value> {
    const bring = async (): Promise<Kept<Value>> => ({ bytes, value: await read(), release: async () => {} });
    const entry = await this.#acquire(key, () => ({ name, bytes, byThread: false, bring }));
    this.#giveBack(key, entry);
    return (entry.held as Kept<Value>).value;
  }

  /** Lets go what is kept or loaded under a key, unless it is in use. */
  async forget(key: string): Promise<void> {
    if (this.#entries.get(key)?.users === 0) await this.#evict(key);
  }

  /** Releases every session; none may be in use. */
  async release(): Promise<void> {
    await Promise.allSettled(this.#loading.values());
    for (const key of this.keys) await this.#evict(key);
  }

  async #acquire(key: string, wanted: () => Wanted): Promise<Entry> {
    for (;;) {
      const known = this.#entries.get(key);
      if (known !== undefined) return this.#taken(key, known);
      const loading = this.#loading.get(key);
      if (loading === undefined) return await this.#bring(key, wanted());
      // It may be gone again when there is a turn.
      await this.#aside(async () => await loading);
    }
  }

  async #bring(key: string, { name, bytes, byThread, bring }: Wanted): Promise<Entry> {
    if (bytes > this.#budget) throw this.#noRoomFor(name, bytes);
    const brought = async (): Promise<Entry> => {
      await this.#reserve(name, bytes, byThread);
      try {
        const entry = { held: await bring(), users: 1 };
        this.#entries.set(key, entry);
        this.#beside?.onChange?.(this.keys);
        return entry;
      } finally {
        this.#reserved -= bytes;
        this.#changed();
      }
    };
    const loading = byThread ? this.#threads.then(brought) : brought();
    if (byThread) this.#threads = loading.catch(() => null);
    this.#loading.set(key, loading);
    try {
      return await (byThread ? this.#aside(async () => await loading) : loading);
    } finally {
      this.#loading.delete(key);
    }
  }

  #taken(key: string, entry: Entry): Entry {
    entry.users++;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** One that has ended by itself is loaded again when it is next asked for. */
  #giveBack(key: string, entry: Entry): void {
    entry.users--;
    if (entry.held.hasEnded?.() === true && this.#entries.get(key) === entry) this.#drop(key);
    this.#changed();
  }

  #network(key: string, model: OnnxModel): Wanted {
    const bytes = weightBytes(model);
    const byThread = this.#beside !== null && bytes >= this.#beside.fromBytes;
    return {
      name: model.name,
      bytes,
      byThread,
      bring: async () => {
        const startedAt = performance.now();
        const session = await (byThread ? createThreadSession : createSession)(model, this.#settings);
        this.#loadMs.set(key, performance.now() - startedAt);
        return session;
      },
    };
  }

  /** Takes memory, for which others make room. What others use, or have loaded, is waited for where they can go on meanwhile. */
  async #reserve(name: string, wanted: number, isAside: boolean): Promise<void> {
    while (this.bytes + wanted > this.#budget) {
      const [idle] = this.#idleKeys();
      const isOnItsWay = this.bytes - this.#leaving + wanted <= this.#budget;
      if (idle !== undefined && !isOnItsWay) await this.#evict(idle);
      else if (isOnItsWay || this.#beside !== null) {
        const change = async (): Promise<void> => await new Promise((resolve) => this.#waiting.push(resolve));
        await (isAside ? change() : this.#aside(change));
      } else throw this.#noRoomFor(name, wanted);
    }
    // Not a moment later: another may ask for the same room.
    this.#reserved += wanted;
  }

  #noRoomFor(name: string, wanted: number): ArmatureError {
    return new ArmatureError(
      'out_of_memory',
      `The ${name} needs ${gigabytes(wanted)} beside ${gigabytes(this.bytes)} in use, but the memory budget is ${gigabytes(this.#budget)}. Raise the memory budget.`,
    );
  }

  #changed(): void {
    for (const call of this.#waiting.splice(0)) call();
  }

  async #aside<Result>(wait: () => Promise<Result>): Promise<Result> {
    return await (this.#beside === null ? wait() : this.#beside.aside(wait));
  }

  #idleKeys(): readonly string[] {
    return [...this.#entries].filter(([, entry]) => entry.users === 0).map(([key]) => key);
  }

  async #evict(key: string): Promise<void> {
    const held = this.#drop(key);
    if (held === undefined) return;
    this.#leaving += held.bytes;
    try {
      await held.release();
    } finally {
      this.#leaving -= held.bytes;
      this.#changed();
    }
  }

  #drop(key: string): Held | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    this.#beside?.onChange?.(this.keys);
    return entry?.held;
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
