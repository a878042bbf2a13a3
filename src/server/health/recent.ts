export interface RecentOptions {
  /** How long an answer serves everyone who asks, in milliseconds. */
  readonly lifetimeMs: number;
  /** How long anyone waits for one, in milliseconds. */
  readonly patienceMs: number;
}

/**
 * Asks so that nobody can overload what is asked: one question at a time is on its way, however long it takes, and its
 * answer is kept for a while. Null where there is none in time. What `ask` throws is thrown, and not kept.
 */
export function recent<T>(ask: () => Promise<T>, { lifetimeMs, patienceMs }: RecentOptions): () => Promise<T | null> {
  let last: { readonly at: number; readonly value: T } | null = null;
  let pending: Promise<T> | null = null;
  const begin = async (): Promise<T> => {
    try {
      const value = await ask();
      last = { at: performance.now(), value };
      return value;
    } finally {
      pending = null;
    }
  };
  return async () => {
    if (last !== null && performance.now() - last.at < lifetimeMs) return last.value;
    return await within(patienceMs, (pending ??= begin()));
  };
}

/** Null where `answer` does not come in time. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
