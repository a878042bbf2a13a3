import type { WorkerRecords, WorkerSign } from '../records/workers.ts';

export interface Heartbeat {
  /** Stops, and takes the worker out of the records. */
  close(): Promise<void>;
}

/** Milliseconds between two signs of life: a third of the silence after which a worker counts as gone. */
const interval = 10_000;

/** Gives a sign of life now and then. One that is lost is worth no failure: the next one comes. */
export function startHeartbeat(workers: WorkerRecords, describe: () => WorkerSign): Heartbeat {
  const beat = async (): Promise<void> => await workers.sign(describe()).catch(() => {});
  let last = beat();
  const timer = setInterval(() => {
    last = beat();
  }, interval);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await last;
      await workers.leave(describe().id).catch(() => {});
    },
  };
}
