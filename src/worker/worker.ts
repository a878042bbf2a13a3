import type { DeviceProcess } from '../device/device-process.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import { ArmatureError, serializeError } from '../errors.ts';
import type { Job, JobResult } from '../generation/job.ts';
import type { ModelLibrary } from '../models/library.ts';
import type { Consumer, JobQueue } from '../queue/queue.ts';
import type { QueueTicket, Records } from '../records/records.ts';
import type { ObjectStore } from '../store/store.ts';
import { attemptPrefix } from '../store/keys.ts';
import { CancelWatch } from './cancel-watch.ts';
import { drawGeneration } from './draw-generation.ts';
import { extractCondition } from './extract-condition.ts';
import type { WorkerObserver } from './observer.ts';
import { ProgressReports } from './progress-report.ts';

/** Everything that running a job needs. */
export interface WorkerParts {
  readonly records: Records;
  readonly queue: JobQueue;
  readonly store: ObjectStore;
  readonly library: ModelLibrary;
  readonly device: DeviceProcess;
  readonly extractor: ExtractorProcess;
  readonly observer: WorkerObserver;
  readonly log: WorkerLog;
}

/** What running one job of a worker needs: the parts, and what its jobs share. */
export interface RunningParts extends WorkerParts {
  readonly cancels: CancelWatch;
  readonly progress: ProgressReports;
}

export interface WorkerLog {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface WorkerOptions {
  /** Jobs that are drawn side by side; they share batched steps. */
  readonly concurrency: number;
  /** How often a job is started before it fails for good, when its process died or ran out of memory. */
  readonly maxAttempts: number;
}

/** Errors that another attempt may not meet again. */
const passing: ReadonlySet<string> = new Set(['device_lost', 'extractor_lost', 'out_of_memory', 'unavailable']);

/** Starts to take jobs from the queue. Closing the result waits for those that run, or gives them back. */
export async function startWorker(parts: WorkerParts, options: WorkerOptions): Promise<Consumer> {
  const cancels = new CancelWatch(parts.records);
  const running: RunningParts = { ...parts, cancels, progress: new ProgressReports(parts.records) };
  const consumer = await parts.queue.consume(
    async (ticket, signal) => await runTicket(running, options, ticket, signal),
    { concurrency: options.concurrency },
  );
  return {
    close: async () => {
      await consumer.close();
      cancels.close();
    },
  };
}

async function runTicket(
  parts: RunningParts,
  options: WorkerOptions,
  ticket: QueueTicket,
  lock: AbortSignal,
): Promise<'done' | 'retry'> {
  const job = await parts.records.startAttempt(ticket.tenant, ticket.id);
  if (job === null) return 'done';
  const cancel = parts.cancels.watch(job.id);
  const signal = AbortSignal.any([lock, cancel.signal]);
  try {
    const result = await runJob(parts, job, signal);
    const committed = await parts.records.commitResult(job.id, job.attempt, result);
    if (!committed) await parts.store.deleteAll(attemptPrefix(job));
    parts.observer.attemptEnded(job, committed ? { outcome: 'succeeded', result } : { outcome: 'superseded' });
    return 'done';
  } catch (error) {
    await parts.store.deleteAll(attemptPrefix(job)).catch(() => {});
    return await settleFailure(parts, options, job, error, {
      cancelled: cancel.signal.aborted,
      handedBack: lock.aborted,
    });
  } finally {
    cancel.stop();
  }
}

async function runJob(parts: RunningParts, job: Job, signal: AbortSignal): Promise<JobResult> {
  const { plan } = job;
  return plan.kind === 'extraction'
    ? await extractCondition(parts, job, plan, signal)
    : await drawGeneration(parts, job, plan, signal);
}

async function settleFailure(
  { records, observer, log }: WorkerParts,
  { maxAttempts }: WorkerOptions,
  job: Job,
  error: unknown,
  why: { readonly cancelled: boolean; readonly handedBack: boolean },
): Promise<'done' | 'retry'> {
  if (why.cancelled) {
    await records.cancelAttempt(job.id, job.attempt);
    observer.attemptEnded(job, { outcome: 'cancelled' });
    return 'done';
  }
  const reason = serializeError(error);
  const facts = { job: job.id, attempt: job.attempt, code: reason.code };
  const mayPass = error instanceof ArmatureError && passing.has(error.code) && job.attempt < maxAttempts;
  if (why.handedBack || mayPass) {
    log.info(facts, `attempt given back: ${reason.detail}`);
    await records.releaseAttempt(job.id, job.attempt, reason);
    observer.attemptEnded(job, { outcome: 'given_back', error: reason });
    return 'retry';
  }
  log.error({ ...facts, err: error }, 'job failed');
  await records.failAttempt(job.id, job.attempt, reason);
  observer.attemptEnded(job, { outcome: 'failed', error: reason });
  return 'done';
}
