import { priorities } from '../generation/request/priority.ts';
import { inBackground } from '../records/database/background.ts';
import type { Records } from '../records/records.ts';
import type { DispatchedTicket } from '../records/scheduling/turns.ts';
import type { JobQueue } from './queue.ts';

const pageSize = 500;

/** Time after which a cancel that is not through counts as nobody's work any more, in milliseconds. */
const strandedMs = 60_000;

/** Age at which a batch that is still not written is nobody's work any more, in milliseconds. */
const abandonedMs = 600_000;

/**
 * Enqueues every job that records say should run and that the queue may have lost: running ones first, whose worker may
 * have died along with the queue's entry, then those that a feeder moved there. A ticket that the queue has already stays
 * as it is, and one whose job has ended meanwhile is dropped by the worker that takes it. What waits in records is a
 * feeder's affair.
 */
export async function reconcile(
  records: Pick<Records, 'runningJobs' | 'scheduling'>,
  queue: Pick<JobQueue, 'enqueueAll'>,
): Promise<void> {
  await enqueuePages(async (after) => {
    const tickets = await records.runningJobs(after, pageSize);
    return tickets.map((ticket) => ({ ...ticket, priority: priorities.max }));
  }, queue);
  await enqueuePages((after) => records.scheduling.dispatchedJobs(after, pageSize), queue);
}

async function enqueuePages(
  page: (after: string | null) => Promise<readonly DispatchedTicket[]>,
  queue: Pick<JobQueue, 'enqueueAll'>,
): Promise<void> {
  let tickets = await page(null);
  while (tickets.length > 0) {
    await queue.enqueueAll(tickets);
    const last = tickets.at(-1)!.id;
    tickets = tickets.length < pageSize ? [] : await page(last);
  }
}

export interface ReconcilerOptions {
  /** Calls back again and again until the returned function is called; by default every minute. */
  readonly schedule?: (callback: () => void) => () => void;
  /** Told why a later pass failed; the next one tries again. */
  readonly onError: (error: unknown) => void;
}

export interface Reconciler {
  /** Resolves when a pass that runs has ended. */
  close(): Promise<void>;
}

/**
 * Reconciles now, which must succeed, and then by schedule, and goes on with what was begun with batches by processes that
 * died. A pass is left out while the last one still runs.
 */
export async function startReconciler(
  records: Pick<Records, 'runningJobs' | 'scheduling' | 'batches'>,
  queue: Pick<JobQueue, 'enqueueAll'>,
  { schedule = everyMinute, onError }: ReconcilerOptions,
): Promise<Reconciler> {
  await reconcile(records, queue);
  const closing = new AbortController();
  let pass: Promise<void> | null = null;
  const stop = schedule(() => {
    pass ??= reconcile(records, queue)
      .then(async () => await inBackground(async () => await finishBatches(records.batches, closing.signal)))
      .catch(onError)
      .finally(() => {
        pass = null;
      });
  });
  return {
    async close() {
      stop();
      closing.abort();
      await pass;
    },
  };
}

/** Goes on with what the death of a process interrupted: cancels of batches, and the removal of what nobody sees. */
async function finishBatches(batches: Records['batches'], signal: AbortSignal): Promise<void> {
  for (const id of await batches.unfinishedCancels(new Date(Date.now() - strandedMs))) {
    while (!signal.aborted && (await batches.goOnCancelling(id)) > 0);
  }
  await batches.discardAbandoned(new Date(Date.now() - abandonedMs), signal);
}

function everyMinute(callback: () => void): () => void {
  const timer = setInterval(callback, 60_000);
  timer.unref();
  return () => clearInterval(timer);
}
