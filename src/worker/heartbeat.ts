import type { WorkerRecords, WorkerSign } from '../records/operations/workers.ts';

export interface Heartbeat {
  /** Stops, and takes the worker out of the records. */
  close(): Promise<void>;
}

/** Milliseconds between two signs of life: a third of the silence after which a worker counts as gone. */
const interval = 10_000;
/** Milliseconds between two looks at whether there is something new to say. */
const glance = 500;

/**
 * Gives a sign of life now and then, and when there is something new to say. One that is lost is worth no failure: the next
 * one comes.
 */
export function startHeartbeat(workers: WorkerRecords, describe: () => WorkerSign): Heartbeat {
  let said = '';
  let saidAt = Number.NEGATIVE_INFINITY;
  let last: Promise<void> = Promise.resolve();
  const beat = (): void => {
    const sign = describe();
    const text = JSON.stringify(sign);
    if (text === said && performance.now() - saidAt < interval) return;
    said = text;
    saidAt = performance.now();
    last = workers.sign(sign).catch(() => {});
  };
  beat();
  const timer = setInterval(beat, glance);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await last;
      await workers.leave(describe().id).catch(() => {});
    },
  };
}
