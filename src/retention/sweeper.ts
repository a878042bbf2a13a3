import { type RetentionPolicy, sweep, type SweepParts } from './sweep.ts';

export interface SweeperOptions extends RetentionPolicy {
  /** Calls back again and again until the returned function is called; by default every five minutes. */
  readonly schedule?: (callback: () => void) => () => void;
}

export interface Sweeper {
  /** Resolves when a sweep that runs has stopped. */
  close(): Promise<void>;
}

/** Sweeps by schedule, unless another process does at that time. What fails is tried again by the next sweep. */
export function startSweeper(parts: SweepParts, { schedule = everyFiveMinutes, ...policy }: SweeperOptions): Sweeper {
  const closing = new AbortController();
  let running: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    try {
      await parts.records.retention.alone(async () => {
        const swept = await sweep(parts, policy, closing.signal);
        if (Object.values(swept).some((count) => count > 0)) parts.log.info(swept, 'deleted what was kept long enough');
      });
    } catch (err) {
      parts.log.warn({ err }, 'a sweep was given up: the next one goes on');
    }
  };
  const stop = schedule(() => {
    running ??= run().finally(() => {
      running = null;
    });
  });
  return {
    async close() {
      stop();
      closing.abort();
      await running;
    },
  };
}

function everyFiveMinutes(callback: () => void): () => void {
  const timer = setInterval(callback, 300_000);
  timer.unref();
  return () => clearInterval(timer);
}
