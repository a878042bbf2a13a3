/** Addresses that are remembered: a flood from everywhere must not fill memory. */
const capacity = 10_000;

interface Count {
  readonly until: number;
  failures: number;
}

/** Counts per client address how often nobody could be recognised, in windows of a minute from the first failure. */
export class AuthenticationFailures {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #counts = new Map<string, Count>();

  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Seconds for which this address is not listened to; 0 where it is. */
  blockedFor(address: string): number {
    const count = this.#counts.get(network(address));
    if (count === undefined || count.failures < this.#limit) return 0;
    return Math.max(0, Math.ceil((count.until - this.#now()) / 1000));
  }

  note(address: string): void {
    const key = network(address);
    const count = this.#counts.get(key);
    if (count !== undefined && count.until > this.#now()) {
      count.failures += 1;
      return;
    }
    this.#counts.delete(key);
    this.#counts.set(key, { until: this.#now() + 60_000, failures: 1 });
    if (this.#counts.size > capacity) this.#counts.delete(this.#counts.keys().next().value!);
  }
}

/** A client's address; IPv6 by its /64, which is what one customer has. */
export function network(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  if (tail === undefined) return groups.slice(0, 4).join(':');
  const rest = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':');
}
