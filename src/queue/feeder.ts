import { setTimeout as pause } from 'node:timers/promises';
import { agingSeconds } from '../generation/request/priority.ts';
import { inBackground, inForeground } from '../records/database/background.ts';
import type { Records } from '../records/records.ts';
import type { Windows } from '../records/scheduling/turns.ts';
import type { JobQueue } from './queue.ts';
import { reconcile } from './reconciler.ts';
import { takeTurns } from './turns.ts';

/** Time between the starts of two passes, at least, in milliseconds: what comes in it shares one pass. */
const paceMs = 15;
/** A pass comes after this long at the latest, in milliseconds; notifications are hints and may be lost. */
const pollMs = 2_000;
/** Time between two looks at the age of what is in the queue, in milliseconds: half of the time that is worth a step of it. */
const raiseMs = (1000 * agingSeconds) / 2;

export interface FeederOptions {
  readonly windows: Windows;
  /** Told why a pass failed; the next one tries again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Moves waiting jobs from records into the queue. Every process has one: they take turns by a lock in the database, and
 * each is woken by what happens in its own process, by jobs that end anywhere, and by a timer.
 */
export interface Feeder {
  /** There may be something to move. Returns at once; calls that come close together share one pass. */
  wake(): void;
  /** Resolves when a pass that runs has ended. */
  close(): Promise<void>;
}

export function startFeeder(
  records: Pick<Records, 'scheduling' | 'runningJobs' | 'onChange'>,
  queue: Pick<JobQueue, 'enqueueAll' | 'raise'>,
  { windows, onError }: FeederOptions,
): Feeder {
  const closing = new AbortController();
  let wanted = false;
  let running: Promise<void> | null = null;
  /** Whether jobs were marked as dispatched that the queue did not get. */
  let behind = false;

  const pass = async (): Promise<void> => {
    const dispatch = await records.scheduling.dispatch(takeTurns, windows);
    // Where another process is in a pass, it may have begun before what this one was woken for.
    if (dispatch === null || dispatch.more) wanted = true;
    if (dispatch === null || dispatch.tickets.length === 0) return;
    behind = true;
    await queue.enqueueAll(dispatch.tickets);
    behind = false;
  };
  const run = async (): Promise<void> => {
    while (wanted && !closing.signal.aborted) {
      wanted = false;
      await pass().catch(onError);
      await pause(paceMs, undefined, { signal: closing.signal }).catch(() => {});
    }
    running = null;
  };
  const wake = (): void => {
    wanted = true;
    // Whoever woke it, the jobs of others wait for it.
    running ??= inForeground(run);
  };
  const catchUp = async (): Promise<void> => {
    if (!behind) return;
    await reconcile(records, queue);
    behind = false;
  };

  const timers = [
    setInterval(() => {
      catchUp().catch(onError);
      wake();
    }, pollMs),
    setInterval(() => {
      inBackground(async () => await queue.raise(new Date())).catch(onError);
    }, raiseMs),
  ];
  for (const timer of timers) timer.unref();
  const unsubscribe = records.onChange((_id, kind) => {
    if (kind === 'end') wake();
  });
  wake();
  return {
    wake,
    async close() {
      closing.abort();
      timers.forEach(clearInterval);
      unsubscribe();
      await running;
    },
  };
}
