import type { EndedJob } from '../records/operations/retention.ts';
import { deleteLoose, deleteObjects, type DeletingParts } from './leftovers.ts';

/** Jobs that one statement deletes at most: in an embedded database everybody's statements wait for it. */
export const deletedAtOnce = 16;

/**
 * Deletes jobs that have ended, by one statement, and all that is only theirs. The records go first, and with them all that
 * anybody could read of the jobs; whoever is stopped after that leaves removals, or loose inputs, that the next sweep finds.
 * Returns how many there were.
 *
 * @throws what kept the objects of the first of them of which none could be deleted
 */
export async function deleteJobs(parts: DeletingParts, jobs: readonly EndedJob[]): Promise<number> {
  const deleted = new Set(await parts.records.retention.deleteJobs(jobs.map(({ id }) => id)));
  // One that was queued again meanwhile needs what it has.
  await deleteObjects(
    parts,
    jobs.filter(({ id }) => deleted.has(id)),
  );
  await deleteLoose(parts);
  return deleted.size;
}
