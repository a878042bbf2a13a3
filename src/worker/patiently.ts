import { setTimeout as pause } from 'node:timers/promises';
import { ArmatureError } from '../errors.ts';

/** How long what was drawn waits for a database that is away, and how often it is asked. Milliseconds. */
const patience = 60_000;
const interval = 500;

/**
 * An operation on records that ends an attempt, asked again while they are away: an outage of seconds should not cost the
 * steps that a job has drawn. Only for operations that may be asked twice.
 */
export async function patiently<T>(operation: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      const away = error instanceof ArmatureError && error.code === 'unavailable';
      if (!away || performance.now() > deadline) throw error;
      await pause(interval);
    }
  }
}
