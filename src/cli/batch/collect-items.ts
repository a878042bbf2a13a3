import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { isFinal } from '../../generation/job.ts';
import { requestJson } from '../client/server-client.ts';
import type { ItemFiles } from './item-files.ts';
import type { Sending } from './journal.ts';
import { patiently } from './patience.ts';
import type { BatchItem, FailedItem } from './read-items.ts';
import type { BatchRun } from './batch-run.ts';
import { type DrawnJob, jobSchema } from './drawn-job.ts';

const pageSize = 100;
/**
 * Milliseconds until the next look at batches in which nothing has ended: few at first, since small pictures take no longer, and
 * twice as many after each look in vain.
 */
const [firstPollMs, longestPollMs] = [100, 1_000];

const pageSchema = z.object({ data: z.array(jobSchema), next_cursor: z.string().nullable() });

/** An item that has ended, or is not there any more. */
interface Ended {
  readonly index: number;
  readonly job: DrawnJob | null;
}

/**
 * Waits until all that is missing in these batches has ended. What is drawn is written and taken out of `missing`; the others
 * are returned.
 */
export async function collectItems(
  run: BatchRun,
  sendings: readonly Sending[],
  missing: Map<string, BatchItem>,
  files: ItemFiles,
): Promise<readonly FailedItem[]> {
  const failed: FailedItem[] = [];
  let batches = sendings.flatMap(({ batch, items }) => {
    const open = new Set([...items.keys()].filter((index) => missing.has(items[index]!)));
    return batch === null ? [] : [{ batch, items, open }];
  });
  let pollMs = firstPollMs;
  while (batches.length > 0) {
    let ended = 0;
    for (const { batch, items, open } of batches) {
      for await (const { index, job } of endedItems(run, batch, open)) {
        ended += 1;
        open.delete(index);
        const item = missing.get(items[index]!);
        // Sent twice, since it failed before.
        if (item === undefined) continue;
        const problem = await fetchItem(files, item, job);
        if (problem !== null) failed.push({ stem: item.stem, detail: problem });
        else {
          missing.delete(item.key);
          run.onItem();
        }
      }
    }
    batches = batches.filter(({ open }) => open.size > 0);
    if (ended > 0) pollMs = firstPollMs;
    else if (batches.length > 0) {
      await pause(pollMs, undefined, { signal: run.signal });
      pollMs = Math.min(2 * pollMs, longestPollMs);
    }
  }
  return failed;
}

/** Writes the files of an item that has ended; what stood against it, where there is nothing to write. */
async function fetchItem(files: ItemFiles, item: BatchItem, job: DrawnJob | null): Promise<string | null> {
  if (job === null) return 'It was deleted at the server.';
  if (job.status !== 'succeeded') return job.error?.detail ?? 'It was cancelled.';
  try {
    await files.fetch(item, job);
    return null;
  } catch (error) {
    if (error instanceof ArmatureError && error.code === 'not_found') return 'Its pictures were deleted at the server.';
    throw error;
  }
}

/** One look at a batch: those of the open items that have ended, up to the first page without any. */
async function* endedItems(run: BatchRun, batch: string, open: ReadonlySet<number>): AsyncGenerator<Ended> {
  let after = Math.min(...open) - 1;
  for (;;) {
    const page = await readPage(run, batch, after);
    tellSteps(run, page.data);
    const last = page.next_cursor === null ? Number.POSITIVE_INFINITY : Number(page.next_cursor);
    const jobs = new Map(page.data.map((job) => [job.batch.index, job]));
    const looked = [...open].filter((index) => index > after && index <= last);
    const ended = looked
      .map((index) => ({ index, job: jobs.get(index) ?? null }))
      .filter(({ job }) => job === null || isFinal(job.status));
    yield* ended;
    if (ended.length === 0 || last === Number.POSITIVE_INFINITY) return;
    after = last;
  }
}

/** How far those are that are being drawn; none where all wait or have ended. */
function tellSteps(run: BatchRun, jobs: readonly DrawnJob[]): void {
  const drawn = jobs.flatMap(({ status, progress }) => (status === 'running' && progress ? [progress] : []));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  if (drawn.length === 0) return;
  run.onSteps({
    items: drawn.length,
    step: sum(drawn.map(({ step }) => step)),
    steps: sum(drawn.map(({ steps }) => steps)),
  });
}

/** The page after an item; an empty one where the batch is not there any more. */
async function readPage(
  { server, signal, onWait }: BatchRun,
  batch: string,
  after: number,
): Promise<z.output<typeof pageSchema>> {
  const cursor = after < 0 ? '' : `&cursor=${after}`;
  const path = `/v1/batches/${batch}/items?limit=${pageSize}${cursor}`;
  try {
    return await patiently(signal, onWait, async () => {
      return pageSchema.parse(await requestJson(server, { method: 'GET', path, signal }));
    });
  } catch (error) {
    if (error instanceof ArmatureError && error.code === 'not_found') return { data: [], next_cursor: null };
    throw error;
  }
}
