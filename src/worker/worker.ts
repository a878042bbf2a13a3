import { type SerializedError, serializeError } from '../errors.ts';
import { backOff, type FaultKind } from '../generation/faults.ts';
import type { Job, JobResult } from '../generation/job.ts';
import { isOfNewerRelease } from '../generation/stored-json.ts';
import type { Consumer, TicketOutcome } from '../queue/queue.ts';
import { CancelWatch } from './cancel-watch.ts';
import { DeviceGate } from './device-gate.ts';
import { jobFacts } from './job-facts.ts';
import { patiently } from './patiently.ts';
import { ProgressReports } from './progress-report.ts';
import { runJob } from './run-job.ts';
import { dropAttempt, tidyUp } from './tidy-up.ts';
import { verdictOn } from './verdict.ts';
import type { QueueTicket } from '../records/scheduling/queue-ticket.ts';
import type { RunningParts, WorkerParts } from './parts.ts';

export interface WorkerOptions {
  /** Jobs that are drawn side by side; they share batched steps. */
  readonly concurrency: number;
  /** Milliseconds of drawing between two checkpoints of a job; null makes none. */
  readonly checkpointEveryMs: number | null;
}

/** Starts to take jobs from the queue. Closing the result waits for those that run, or gives them back. */
export async function startWorker(
  parts: WorkerParts,
  { concurrency, checkpointEveryMs }: WorkerOptions,
): Promise<Consumer> {
  const cancels = new CancelWatch(parts.records);
  const progress = new ProgressReports(parts.records);
  const running: RunningParts = { ...parts, cancels, progress, gate: new DeviceGate(), checkpointEveryMs };
  const consumer = await parts.queue.consume(async (ticket, signal) => await runTicket(running, ticket, signal), {
    concurrency,
  });
  return {
    close: async (graceMs) => {
      await consumer.close(graceMs);
      cancels.close();
    },
  };
}

/** How long a job waits that a newer release wrote: until a worker of that release is there to take it. */
const newerReleaseMs = 30_000;

async function runTicket(parts: RunningParts, ticket: QueueTicket, lock: AbortSignal): Promise<TicketOutcome> {
  let job: Job | null;
  try {
    job = await parts.records.startAttempt(ticket.tenant, ticket.id);
  } catch (error) {
    if (!isOfNewerRelease(error)) throw error;
    parts.log.warn({ job: ticket.id, tenant: ticket.tenant, code: error.code }, `given back: ${error.message}`);
    return { retryInMs: newerReleaseMs };
  }
  if (job === null) return 'done';
  const attributes = { 'armature.job.id': job.id, 'armature.attempt': job.attempt, 'armature.kind': job.plan.kind };
  const span = { kind: 'consumer', parent: job.traceParent, attributes } as const;
  return await parts.tracing.span('attempt', span, async () => await runAttempt(parts, job, lock));
}

async function runAttempt(parts: RunningParts, job: Job, lock: AbortSignal): Promise<TicketOutcome> {
  const cancel = parts.cancels.watch(job.id);
  let result: JobResult;
  try {
    result = await runJob(parts, job, AbortSignal.any([lock, cancel.signal]));
  } catch (error) {
    return await settleFailure(parts, job, error, { cancelled: cancel.signal.aborted, handedBack: lock.aborted });
  } finally {
    cancel.stop();
  }
  // After the try: a commit whose outcome is not known must not cost a committed job its bytes.
  return await parts.tracing.span('commit', {}, async () => await commit(parts, job, result));
}

/** Commits what was made and stored. Bytes of an attempt that comes too late go; so do those that lost attempts left. */
async function commit(
  { records, store, observer, log }: RunningParts,
  job: Job,
  result: JobResult,
): Promise<TicketOutcome> {
  const committed = await patiently(async () => await records.commitResult(job.id, job.attempt, result));
  observer.attemptEnded(job, committed ? { outcome: 'succeeded', result } : { outcome: 'superseded' });
  if (!committed) log.warn(jobFacts(job), 'the job has moved on: what this attempt made is dropped');
  await (committed ? tidyUp(store, job) : dropAttempt(store, job));
  return 'done';
}

async function settleFailure(
  parts: RunningParts,
  job: Job,
  error: unknown,
  why: { readonly cancelled: boolean; readonly handedBack: boolean },
): Promise<TicketOutcome> {
  const { records, store, observer, log } = parts;
  const reason = serializeError(error);
  const facts = { ...jobFacts(job), code: reason.code };
  await dropAttempt(store, job);
  if (why.cancelled) {
    if (await patiently(async () => await records.cancelAttempt(job.id, job.attempt))) await tidyUp(store, job);
    observer.attemptEnded(job, { outcome: 'cancelled' });
    return 'done';
  }
  if (why.handedBack) {
    log.info(facts, 'attempt handed back');
    await records.releaseAttempt(job.id, job.attempt, reason);
    observer.attemptEnded(job, { outcome: 'given_back', error: reason });
    return { retryInMs: 0 };
  }
  const verdict = verdictOn(error);
  if (verdict !== 'failure') return await noteFault(parts, job, verdict, reason);
  log.error({ ...facts, err: error }, 'job failed');
  if (await patiently(async () => await records.failAttempt(job.id, job.attempt, reason))) await tidyUp(store, job);
  observer.attemptEnded(job, { outcome: 'failed', error: reason });
  return 'done';
}

/** Ends an attempt by a fault: the job is given back, after a while, or dead. */
async function noteFault(
  { records, store, observer, log }: RunningParts,
  attempted: Job,
  kind: FaultKind,
  error: SerializedError,
): Promise<TicketOutcome> {
  const { id, attempt } = attempted;
  const job = await patiently(async () => await records.faults.note(id, attempt, kind, error));
  if (job === null) {
    observer.attemptEnded(attempted, { outcome: 'superseded' });
    return 'done';
  }
  const isDead = job.status === 'failed';
  const faults = kind === 'strike' ? job.strikes : job.losses;
  const facts = { ...jobFacts(attempted), code: error.code, fault: kind, faults };
  if (isDead) await tidyUp(store, job);
  log[isDead ? 'error' : 'warn'](facts, `${isDead ? 'job is dead' : 'attempt ended by a fault'}: ${error.detail}`);
  observer.attemptEnded(job, { outcome: isDead ? 'failed' : 'given_back', error });
  return isDead ? 'done' : { retryInMs: backOff(faults) };
}
