import { type SerializedError, serializeError } from '../errors.ts';
import { backOff, type FaultKind } from '../generation/faults.ts';
import type { Job } from '../generation/job.ts';
import { laneOf } from '../generation/lanes.ts';
import { isOfNewerRelease } from '../generation/stored-json.ts';
import type { Consumer, TicketOutcome } from '../queue/queue.ts';
import { CancelWatch } from './cancel-watch.ts';
import { DeviceGate } from './device-gate.ts';
import { jobFacts } from './job-facts.ts';
import { patiently } from './patiently.ts';
import { ProgressReports } from './progress-report.ts';
import { type JobMade, runJob } from './run-job.ts';
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
  const run = async (ticket: QueueTicket, signal: AbortSignal): Promise<TicketOutcome> =>
    await runTicket(running, ticket, signal);
  const consumers = [
    await parts.queue.consume(run, { concurrency }),
    // One beside them: a second one would halve the processor of the first.
    await parts.queue.consume(run, { concurrency: 1, lane: 'long' }),
  ];
  return {
    close: async (graceMs) => {
      const [pictures, long] = consumers;
      // What is long does not end within a time of grace: it goes on elsewhere.
      await Promise.all([pictures?.close(graceMs), long?.close(0)]);
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
  const asked = parts.cancels.watch(job.id);
  const { cancel, pause } = asked;
  let result: JobMade;
  try {
    result = await runJob(parts, job, AbortSignal.any([lock, cancel, pause]), asked);
  } catch (error) {
    const why = { cancelled: cancel.aborted, paused: pause.aborted, handedBack: lock.aborted };
    return await settleFailure(parts, job, error, why);
  } finally {
    asked.stop();
  }
  // After the try: a commit whose outcome is not known must not cost a committed job its bytes.
  return await parts.tracing.span('commit', {}, async () => await commit(parts, job, result));
}

/** Commits what was made and stored. Bytes of an attempt that comes too late go; so do those that lost attempts left. */
async function commit(
  { records, store, observer, log }: RunningParts,
  job: Job,
  { model, ...result }: JobMade,
): Promise<TicketOutcome> {
  const committed = await patiently(async () => await records.commitResult(job.id, job.attempt, result, model));
  observer.attemptEnded(job, committed ? { outcome: 'succeeded', result } : { outcome: 'superseded' });
  if (!committed) log.warn(jobFacts(job), 'the job has moved on: what this attempt made is dropped');
  await (committed ? tidyUp(store, job) : dropAttempt(store, job));
  return 'done';
}

async function settleFailure(
  parts: RunningParts,
  job: Job,
  error: unknown,
  why: { readonly cancelled: boolean; readonly paused: boolean; readonly handedBack: boolean },
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
  if (why.paused) return await settlePause(parts, job, reason);
  if (why.handedBack) {
    log.info(facts, 'attempt handed back');
    await records.releaseAttempt(job.id, job.attempt, reason);
    observer.attemptEnded(job, { outcome: 'given_back', error: reason });
    return { retryInMs: 0 };
  }
  const verdict = verdictOn(error);
  if (verdict !== 'failure') return await noteFault(parts, job, verdict, reason);
  log.error({ ...facts, err: error }, 'job failed');
  const isOurs = await patiently(async () => await records.failAttempt(job.id, job.attempt, reason));
  if (isOurs && laneOf(job.id) === 'pictures') await tidyUp(store, job);
  observer.attemptEnded(job, { outcome: 'failed', error: reason });
  return 'done';
}

/** Ends an attempt that was asked to pause, as what was asked for last has it. */
async function settlePause(
  { records, store, observer, log }: RunningParts,
  job: Job,
  error: SerializedError,
): Promise<TicketOutcome> {
  const status = await patiently(async () => await records.pauseAttempt(job.id, job.attempt));
  log.info({ ...jobFacts(job), status }, 'attempt paused');
  if (status === 'cancelled') {
    await tidyUp(store, job);
    observer.attemptEnded(job, { outcome: 'cancelled' });
    return 'done';
  }
  observer.attemptEnded(job, status === null ? { outcome: 'superseded' } : { outcome: 'given_back', error });
  return status === 'queued' ? { retryInMs: 0 } : 'done';
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
  if (isDead && laneOf(job.id) === 'pictures') await tidyUp(store, job);
  log[isDead ? 'error' : 'warn'](facts, `${isDead ? 'job is dead' : 'attempt ended by a fault'}: ${error.detail}`);
  observer.attemptEnded(job, { outcome: isDead ? 'failed' : 'given_back', error });
  return isDead ? 'done' : { retryInMs: backOff(faults) };
}
