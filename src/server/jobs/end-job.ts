import { ArmatureError } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import { type Lane, laneOf } from '../../generation/lanes.ts';
import { deleteObjects } from '../../retention/leftovers.ts';
import { checkpointPrefix } from '../../store/keys.ts';
import type { ServerParts } from '../parts/parts.ts';
import { deleteLeftovers } from './delete-leftovers.ts';
import { missingJob, requireJob } from './find-job.ts';

/** Which job of whom. */
export interface NamedJob {
  readonly tenant: string;
  readonly id: string;
  readonly lane: Lane;
}

/** Cancels a job: at once while it waits. `conflict` where it has ended otherwise. */
export async function cancelJob(parts: ServerParts, { tenant, id, lane }: NamedJob): Promise<Job> {
  const { records, queue, store } = parts;
  const job = (laneOf(id) === lane ? await records.requestCancel(tenant, id) : null) ?? missingJob(id, lane);
  if (job.status === 'succeeded' || job.status === 'failed') {
    throw new ArmatureError('conflict', `The job ${id} has ${job.status} already and cannot be cancelled.`);
  }
  // Only tidies up: a worker that gets the ticket of a cancelled job drops it.
  if (job.status === 'cancelled') {
    await queue.remove(id).catch((err: unknown) => parts.log.warn({ err, job: id }, 'ticket stays'));
    if (job.checkpoint !== null) await store.deleteAll(checkpointPrefix(job));
  }
  return job;
}

/** Deletes a job that has ended, with all that is only its own. `conflict` where it has not. */
export async function deleteJob(parts: ServerParts, { tenant, id, lane }: NamedJob): Promise<void> {
  const { records } = parts;
  if (laneOf(id) !== lane || !(await records.deleteJob(tenant, id))) {
    const { status } = await requireJob(records, tenant, id, lane);
    throw new ArmatureError('conflict', `The job ${id} is ${status}: cancel it before it is deleted.`);
  }
  await deleteLeftovers(parts, async () => await deleteObjects(parts, [{ tenant, id }]));
}
