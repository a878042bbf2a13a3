import { ArmatureError } from '../../errors.ts';
import type { Records } from '../../records/records.ts';
import type { BatchWork } from './batch-work.ts';
import { requireBatch } from './find-batch.ts';

/**
 * Deletes a batch that has ended, with its items and their files; `conflict` where it has not. Nobody sees the batch or its
 * items from the first moment; where this is interrupted the reconciler removes its other items and the next sweep their
 * files. Whether all that was done while the caller waited.
 */
export async function deleteBatch(records: Records, work: BatchWork, tenant: string, id: string): Promise<boolean> {
  if (!(await records.batches.beginDelete(tenant, id))) {
    const { queued, running } = (await requireBatch(records, tenant, id)).counts;
    const detail = `Of the batch ${id} ${queued + running} items wait or run: cancel it before it is deleted.`;
    throw new ArmatureError('conflict', detail);
  }
  return await work.delete(tenant, id);
}
