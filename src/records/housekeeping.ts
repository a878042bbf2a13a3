import { inBackground } from './database/background.ts';
import type { Records } from './records.ts';

export interface HousekeepingOptions {
  readonly clock: () => Date;
  /** Told why something that has expired stays; the next pass tries again. */
  readonly onError: (error: unknown) => void;
  /** Calls back again and again until the returned function is called; by default every hour. */
  readonly schedule?: (callback: () => void) => () => void;
}

/** Removes idempotency keys and deliveries that have expired, now and by schedule. Any number of processes may do so. */
export function startHousekeeping(
  { idempotency, webhooks }: Pick<Records, 'idempotency' | 'webhooks'>,
  { clock, onError, schedule = everyHour }: HousekeepingOptions,
): { close(): Promise<void> } {
  const sweep = async (): Promise<void> => {
    await idempotency.sweep(clock()).catch(onError);
    await webhooks.sweep(clock()).catch(onError);
  };
  let pass = inBackground(sweep);
  const stop = schedule(() => {
    pass = pass.then(async () => await inBackground(sweep));
  });
  return {
    async close() {
      stop();
      await pass;
    },
  };
}

function everyHour(callback: () => void): () => void {
  const timer = setInterval(callback, 3_600_000);
  timer.unref();
  return () => clearInterval(timer);
}
