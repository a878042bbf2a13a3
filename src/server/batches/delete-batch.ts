import { ArmatureError } from '../../errors.ts';
import type { ServerParts } from '../parts.ts';
import { jobPrefix } from '../../store/keys.ts';
import { hasEnded, requireBatch } from './find-batch.ts';

/** Items whose files are deleted side by side. */
const pageSize = 50;

/**
 * Deletes a batch that has ended, with its items and their files; `conflict` where it has not. Where it is interrupted, what
 * is left is a smaller batch, to be deleted again.
 */
export async function deleteBatch({ records, store }: ServerParts, tenant: string, id: string): Promise<void> {
  const batch = await requireBatch(records, tenant, id);
  if (!hasEnded(batch)) {
    const { queued, running } = batch.counts;
    const detail = `Of the batch ${id} ${queued + running} items wait or run: cancel it before it is deleted.`;
    throw new ArmatureError('conflict', detail);
  }
  for (;;) {
    const page = await records.batches.items(id, { limit: pageSize });
    if (page.length === 0) break;
    await Promise.all(
      page.map(async (item) => {
        await store.deleteAll(jobPrefix(item));
        await records.deleteJob(tenant, item.id);
      }),
    );
  }
  await records.batches.delete(tenant, id);
}
