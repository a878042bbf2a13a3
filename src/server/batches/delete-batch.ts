import { ArmatureError } from '../../errors.ts';
import { finishRemovals } from '../../retention/leftovers.ts';
import { deleteLeftovers } from '../delete-leftovers.ts';
import type { ServerParts } from '../parts.ts';
import { requireBatch } from './find-batch.ts';

/**
 * Deletes a batch that has ended, with its items and their files; `conflict` where it has not. Nobody sees the batch from
 * the first moment; where this is interrupted the reconciler removes its other items and the next sweep their files.
 */
export async function deleteBatch(parts: ServerParts, tenant: string, id: string): Promise<void> {
  const { records } = parts;
  if (!(await records.batches.delete(tenant, id))) {
    const { queued, running } = (await requireBatch(records, tenant, id)).counts;
    const detail = `Of the batch ${id} ${queued + running} items wait or run: cancel it before it is deleted.`;
    throw new ArmatureError('conflict', detail);
  }
  await deleteLeftovers(parts, async () => await finishRemovals(parts, { tenant }));
}
