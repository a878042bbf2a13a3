import type { EndedJob } from '../records/operations/retention.ts';
import { jobPrefix } from '../store/keys.ts';
import type { Records } from '../records/records.ts';
import type { ObjectStore } from '../store/store.ts';

/** Inputs that are looked at in one transaction, which holds the session of an embedded database. */
const loosePage = 20;

/** Training sets that are asked for at once. */
const setPage = 20;

/** Removals that are asked for, and finished side by side. */
const removalPage = 20;

/**
 * Deletes the objects of jobs whose records are gone. One that cannot be deleted does not keep the others.
 *
 * @throws what kept the first one where none could be deleted: the store is away
 */
export async function deleteObjects({ records, store }: DeletingParts, jobs: readonly EndedJob[]): Promise<void> {
  const outcomes = await Promise.allSettled(jobs.map(async (job) => await store.deleteAll(jobPrefix(job))));
  const gone = jobs.filter((_, index) => outcomes[index]!.status === 'fulfilled');
  if (gone.length > 0) await records.retention.endRemovals(gone.map(({ id }) => id));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (gone.length === 0 && failure !== undefined) throw failure.reason;
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
    await deleteObjects(parts, page);
    if (page.length < removalPage) return;
    after = page.at(-1)!.id;
  }
}

/** Deletes the inputs that nobody uses any more, and what is left of uploads and training sets that are deleted. */
export async function deleteLoose({ records, store }: DeletingParts): Promise<void> {
  while (await records.pictures.deleteLoose(async (key) => await store.delete(key), loosePage));
  while (await deleteSets({ records, store }));
}

/** Deletes the objects of some deleted sets, and then their rows. Returns whether there may be more; one that cannot be deleted doesn't keep the others. */
async function deleteSets({ records, store }: DeletingParts): Promise<boolean> {
  const sets = await records.sets.deleted(setPage);
  const outcomes = await Promise.allSettled(sets.map(async ({ key }) => await store.deleteAll(`${key}/`)));
  const gone = sets.filter((_, index) => outcomes[index]!.status === 'fulfilled');
  for (const { id } of gone) await records.sets.endDeletion(id);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (gone.length === 0 && failure !== undefined) throw failure.reason;
  return sets.length === setPage;
}

export interface DeletingParts {
  readonly records: Records;
  readonly store: ObjectStore;
}
