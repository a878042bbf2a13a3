import type { BatchRecords } from '../../src/records/batches/batches.ts';

/** Cancels a whole batch. Returns how many items were asked to stop. */
export async function cancelBatch(batches: BatchRecords, id: string): Promise<number> {
  await batches.beginCancel(id);
  return await untilNothing(async () => await batches.goOnCancelling(id));
}

/** Queues all items again that have failed or been cancelled. Returns how many. */
export async function retryBatch(batches: BatchRecords, id: string): Promise<number> {
  let last = -1;
  let retried = 0;
  for (;;) {
    const indexes = (await batches.retryable(id, last)).map(({ index }) => index);
    if (indexes.length === 0) return retried;
    last = indexes.at(-1)!;
    retried += (await batches.retryItems(id, indexes)).length;
  }
}

/** Deletes a batch that has ended, with its items; false where there is none such. */
export async function deleteBatch(batches: BatchRecords, tenant: string, id: string): Promise<boolean> {
  if (!(await batches.beginDelete(tenant, id))) return false;
  await untilNothing(async () => await batches.discard(id));
  return true;
}

async function untilNothing(some: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let done = await some(); done > 0; done = await some()) total += done;
  return total;
}
