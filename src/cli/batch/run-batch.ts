import { collectItems } from './collect-items.ts';
import { ItemFiles } from './item-files.ts';
import type { Sending } from './journal.ts';
import type { BatchItem, FailedItem } from './read-items.ts';
import { resendItems, sendItems } from './send-items.ts';
import type { BatchRun } from './batch-run.ts';

/**
 * Has the items drawn that are `missing`, and writes their files. First it takes up what earlier runs sent; then it sends what
 * is missing still or failed before, and fetches each picture once it is done.
 */
export async function runBatch(run: BatchRun, items: readonly BatchItem[]): Promise<readonly FailedItem[]> {
  const missing = new Map(items.map((item) => [item.key, item]));
  const files = await ItemFiles.open(run, run.journal.namesBeside(missing));
  const earlier = run.journal.sendings.filter((sending) => sending.items.some((key) => missing.has(key)));
  for (const sending of earlier.filter((one) => mayHaveArrived(one, run.journal.sendings))) {
    await resendItems(run, sending, items);
  }
  // What failed in an earlier run is drawn again by this one.
  await collectItems(run, earlier, missing, files);

  const rest = items.filter(({ key }) => missing.has(key));
  const { sendings, refused } = await sendItems(run, rest);
  return [...refused, ...(await collectItems(run, sendings, missing, files))];
}

/**
 * Whether nobody knows if a sending was accepted. One whose items were sent anew after it was refused: the server, which may have
 * more room by now, would draw them a second time.
 */
function mayHaveArrived(sending: Sending, all: readonly Sending[]): boolean {
  if (sending.batch !== null) return false;
  const own = new Set(sending.items);
  return !all.slice(all.indexOf(sending) + 1).some(({ items }) => items.some((key) => own.has(key)));
}
