import type { UsageRecords } from '../../records/access/usage.ts';

/** What is limited: requests that make or change something, and those that look. */
export type RateKind = 'submissions' | 'reads';

/** Where an account stands in its minute. */
export interface RateState {
  /** Whether the request is within the limit. */
  readonly allowed: boolean;
  readonly remaining: number;
  /** Whole seconds until the next minute begins. */
  readonly resetSeconds: number;
}

const minute = 60_000;
/** Milliseconds between two looks at what other processes have counted. */
const syncInterval = 500;
/** Accounts after which those of past minutes are thrown out. */
const capacity = 10_000;

/** One account's count of a kind in one minute. */
interface Bucket {
  readonly start: number;
  /** What records know, of all processes. */
  shared: number;
  /** What was counted here since. */
  pending: number;
  syncedAt: number;
  syncing: Promise<void> | null;
}

/**
 * Limits requests per account and minute of the clock. Each process counts for itself and adds its count to records twice a
 * second, so that a request costs no statement. One process is exact; several together let through at most what comes to
 * the others within half a second.
 */
export class RateLimiter {
  readonly #usage: UsageRecords;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #buckets = new Map<string, Bucket>();
  #forgotAt = 0;

  constructor(usage: UsageRecords, now: () => number, onError: (error: unknown) => void) {
    this.#usage = usage;
    this.#now = now;
    this.#onError = onError;
  }

  /** Counts one request; one beyond the limit is not counted. */
  async take(account: string, kind: RateKind, limit: number): Promise<RateState> {
    const now = this.#now();
    const bucket = this.#bucket(account, kind, now);
    // The first of a minute waits for what others have counted.
    if (bucket.syncedAt === 0) await this.#sync(account, kind, bucket);
    const used = bucket.shared + bucket.pending;
    const resetSeconds = Math.max(1, Math.ceil((bucket.start + minute - now) / 1000));
    if (used >= limit) return { allowed: false, remaining: 0, resetSeconds };
    bucket.pending += 1;
    if (now - bucket.syncedAt >= syncInterval) void this.#sync(account, kind, bucket);
    return { allowed: true, remaining: limit - used - 1, resetSeconds };
  }

  #bucket(account: string, kind: RateKind, now: number): Bucket {
    const start = now - (now % minute);
    const key = `${kind} ${account}`;
    const known = this.#buckets.get(key);
    if (known?.start === start) return known;
    const bucket = { start, shared: 0, pending: 0, syncedAt: 0, syncing: null };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    this.#tidy(start);
    return bucket;
  }

  /** Adds what was counted here to records. Where they are away, each process goes on with its own count. */
  #sync(account: string, kind: RateKind, bucket: Bucket): Promise<void> {
    bucket.syncing ??= this.#exchange(account, kind, bucket)
      .catch(this.#onError)
      .finally(() => {
        bucket.syncedAt = this.#now();
        bucket.syncing = null;
      });
    return bucket.syncing;
  }

  async #exchange(account: string, kind: RateKind, bucket: Bucket): Promise<void> {
    const amount = bucket.pending;
    const window = { account, kind, start: new Date(bucket.start) };
    // Nothing is written for a look.
    const sum = amount === 0 ? await this.#usage.read(window) : await this.#usage.add(window, amount);
    bucket.shared = sum;
    bucket.pending -= amount;
  }

  #tidy(start: number): void {
    if (this.#buckets.size > capacity) {
      for (const [key, bucket] of this.#buckets) if (bucket.start < start) this.#buckets.delete(key);
    }
    if (start - this.#forgotAt < 60 * minute) return;
    this.#forgotAt = start;
    this.#usage.forget(['submissions', 'reads'], new Date(start - 10 * minute)).catch(this.#onError);
  }
}
