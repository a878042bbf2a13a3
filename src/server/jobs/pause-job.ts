import { ArmatureError } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import { laneOf } from '../../generation/lanes.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { NamedJob } from './end-job.ts';
import { requireJob } from './find-job.ts';

/** Pauses a job, at once where it waits; one that runs keeps what it has first. One that is paused stays so. */
export async function pauseJob(parts: ServerParts, named: NamedJob): Promise<Job> {
  const job = await askFor(parts, named, 'requestPause');
  if (job === null) return await refuse(parts, named, 'paused', 'paused');
  if (job.status === 'paused') await removeTicket(parts, job.id);
  return job;
}

/** Has a running job end with what it has. */
export async function stopJob(parts: ServerParts, named: NamedJob): Promise<Job> {
  return (await askFor(parts, named, 'requestStop')) ?? (await refuse(parts, named, 'stopped'));
}

/** Has a paused job go on, behind those that wait already, or one that is being paused. Others that wait or run stay as they are. */
export async function resumeJob(parts: ServerParts, named: NamedJob): Promise<Job> {
  const { queue, log } = parts;
  const job = await askFor(parts, named, 'resume');
  if (job === null) return await refuse(parts, named, 'resumed', 'queued', 'running');
  if (job.status !== 'queued') return job;
  const { tenant, id, priority } = job;
  // Where the queue is away the reconciler brings it there.
  await queue
    .enqueueAll([{ tenant, id, priority }])
    .catch((err: unknown) => log.warn({ err, job: id }, 'it comes to the queue later'));
  return job;
}

async function askFor(
  { records }: ServerParts,
  { tenant, id, lane }: NamedJob,
  wish: 'requestPause' | 'requestStop' | 'resume',
): Promise<Job | null> {
  return laneOf(id) === lane ? await records[wish](tenant, id) : null;
}

/** The job, where it is in one of these states and not being cancelled. `conflict` where not. */
async function refuse(
  { records }: ServerParts,
  { tenant, id, lane }: NamedJob,
  wanted: string,
  ...fine: readonly Job['status'][]
): Promise<Job> {
  const job = await requireJob(records, tenant, id, lane);
  if (fine.includes(job.status) && !job.cancelRequested) return job;
  const is = job.cancelRequested && job.status === 'running' ? 'being cancelled' : job.status;
  throw new ArmatureError('conflict', `The training ${id} is ${is} and cannot be ${wanted}.`);
}

async function removeTicket({ queue, log }: ServerParts, id: string): Promise<void> {
  // Only tidies up: a worker that gets the ticket of a paused job drops it.
  await queue.remove(id).catch((err: unknown) => log.warn({ err, job: id }, 'ticket stays'));
}
