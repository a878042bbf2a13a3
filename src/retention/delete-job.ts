import type { Records } from '../records/records.ts';
import { deleteLoose, deleteObjects, deleteObjectsOf } from './leftovers.ts';
import type { EndedJob } from '../records/retention.ts';
import type { ObjectStore } from '../store/store.ts';

export interface DeletingParts {
  readonly records: Records;
  readonly store: ObjectStore;
}

/**
 * Deletes a job that has ended, and all that is only its own. The record goes first, and with it all that anybody could
 * read of the job; whoever is stopped after that leaves a removal, or loose inputs, that the next sweep finds. False where
 * there is no such job.
 */
export async function deleteJob(parts: DeletingParts, tenant: string, id: string): Promise<boolean> {
  if (!(await parts.records.deleteJob(tenant, id))) return false;
  await deleteObjects(parts, { tenant, id });
  await deleteLoose(parts);
  return true;
}

/**
 * Deletes jobs that have ended, all of them by one statement, and then what is only theirs. Returns how many there were.
 *
 * @throws what kept the objects of the first of them of which none could be deleted
 */
export async function deleteJobs(parts: DeletingParts, jobs: readonly EndedJob[]): Promise<number> {
  const deleted = new Set(await parts.records.retention.deleteJobs(jobs.map(({ id }) => id)));
  // One that was queued again meanwhile needs what it has.
  await deleteObjectsOf(
    parts,
    jobs.filter(({ id }) => deleted.has(id)),
  );
  await deleteLoose(parts);
  return deleted.size;
}
