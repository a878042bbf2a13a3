import { ArmatureError } from '../../errors.ts';
import type { RetryableItem } from '../../records/batches/batches.ts';
import type { Records } from '../../records/records.ts';
import { admitAgain, costOf } from '../load/draw-again.ts';
import type { Identity } from '../access/identity.ts';
import type { Admission } from '../load/admission.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { BatchWork } from './batch-work.ts';
import { requireBatch } from './find-batch.ts';

/** Items of one statement. */
const slice = 25;

/** What a batch is drawn again with. */
export interface RetryParts {
  readonly parts: ServerParts;
  readonly admission: Admission;
  readonly batchWork: BatchWork;
}

/**
 * Queues the failed and cancelled items of a batch again: all of them, once there is room for all and all are charged. Whether
 * that was done while the caller waited.
 *
 * @throws ArmatureError `not_found`; `conflict` while the batch is being cancelled; what admission throws
 */
export async function retryBatch(
  { parts, admission, batchWork }: RetryParts,
  identity: Identity,
  id: string,
): Promise<boolean> {
  const { records, feeder, log } = parts;
  const { cancelling, tenant, counts } = await requireBatch(records, identity.tenant, id);
  const isCancelled = counts.queued + counts.running === 0;
  if (cancelling && !(isCancelled && (await batchWork.endCancel(id)))) {
    const detail = `The batch ${id} is being cancelled: wait until no item of it is queued or running, then retry it.`;
    throw new ArmatureError('conflict', detail, { retryAfter: 1 });
  }
  const items = await retryableItems(records, id);
  if (items.length === 0) return true;
  const giveBack = await admitAgain(
    admission,
    identity,
    items.map(({ cost }) => ({ tenant, cost })),
  );
  // Those alone that are paid for: what ends badly meanwhile is left to another request.
  const rest = [...items];
  let unspent = costOf(items);
  const queueSome = async (): Promise<boolean> => {
    const some = rest.splice(0, slice);
    const indexes = some.map(({ index }) => index);
    const queued = new Set(await records.batches.retryItems(id, indexes));
    unspent -= costOf(some.filter(({ index }) => queued.has(index)));
    feeder.wake();
    // Where nothing was queued another process may have begun to cancel the batch.
    if (queued.size === 0 && (await records.batches.find(tenant, id))?.cancelling !== false) return false;
    return rest.length > 0;
  };
  return await batchWork.retry(id, queueSome, async () => {
    if (unspent === 0) return;
    await giveBack(unspent).catch((err: unknown) => log.warn({ err }, 'what was not drawn again stays charged'));
  });
}

async function retryableItems(records: Records, id: string): Promise<readonly RetryableItem[]> {
  const items: RetryableItem[] = [];
  for (;;) {
    const page = await records.batches.retryable(id, items.at(-1)?.index ?? -1);
    if (page.length === 0) return items;
    items.push(...page);
  }
}
