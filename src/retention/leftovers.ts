import type { EndedJob } from '../records/retention.ts';
import { jobPrefix } from '../store/keys.ts';
import type { DeletingParts } from './delete-job.ts';

/** Inputs that are looked at in one transaction, which holds the session of an embedded database. */
const loosePage = 20;

/** Removals that are asked for, and finished side by side. */
const removalPage = 20;

/** Deletes the objects of a job whose record is gone. */
export async function deleteObjects({ records, store }: DeletingParts, job: EndedJob): Promise<void> {
  await store.deleteAll(jobPrefix(job));
  await records.retention.endRemoval(job.id);
}

/**
 * Deletes the objects of all jobs whose records are gone, of `tenant` or of all. One that cannot be deleted does not keep
 * the others.
 *
 * @throws what kept the first one of a page of which none could be deleted: the store is away
 */
export async function finishRemovals(
  parts: DeletingParts,
  { tenant }: { readonly tenant?: string } = {},
): Promise<void> {
  const query = tenant === undefined ? {} : { tenant };
  for (let after = ''; ;) {
    const page = await parts.records.retention.removals({ ...query, after, limit: removalPage });
    const outcomes = await Promise.allSettled(page.map(async (job) => await deleteObjects(parts, job)));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    if (failures.length > 0 && failures.length === page.length) throw failures[0]!.reason;
    if (page.length < removalPage) return;
    after = page.at(-1)!.id;
  }
}

/** Deletes the inputs that nobody uses any more, and what is left of uploads that are deleted. */
export async function deleteLoose({ records, store }: DeletingParts): Promise<void> {
  while (await records.pictures.deleteLoose(async (key) => await store.delete(key), loosePage));
}
