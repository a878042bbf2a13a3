import type { Records } from '../records/records.ts';
import { jobPrefix } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

export interface DeletingParts {
  readonly records: Records;
  readonly store: ObjectStore;
}

/** Inputs that are looked at in one transaction, which holds the session of an embedded database. */
const page = 20;

/**
 * Deletes a job that has ended, and all that is only its own. Objects go first, then the record, then the inputs that
 * nobody else uses: whoever is stopped in the middle leaves a job that can be deleted again, or loose inputs that the
 * next sweep finds. False where there is no such job.
 */
export async function deleteJob({ records, store }: DeletingParts, tenant: string, id: string): Promise<boolean> {
  await store.deleteAll(jobPrefix({ tenant, id }));
  const deleted = await records.deleteJob(tenant, id);
  await deleteLooseInputs({ records, store });
  return deleted;
}

/** Deletes the inputs that jobs which are gone had used, and that nobody else does. */
export async function deleteLooseInputs({ records, store }: DeletingParts): Promise<void> {
  const deleteObject = (key: string): Promise<void> => store.delete(key);
  while ((await records.pictures.deleteLoose(deleteObject, page)) === page);
}
