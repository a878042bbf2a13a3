import { AsyncLocalStorage } from 'node:async_hooks';

const behind = new AsyncLocalStorage<boolean>();

/**
 * Runs work that nobody waits for, such as a sweep: where all statements wait for one session, those of requests go before
 * its own.
 */
export function inBackground<T>(work: () => T): T {
  return behind.run(true, work);
}

/** Runs work that others than its caller wait for as well. */
export function inForeground<T>(work: () => T): T {
  return behind.run(false, work);
}

export function isInBackground(): boolean {
  return behind.getStore() === true;
}
