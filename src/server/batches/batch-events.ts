import { setTimeout as pause } from 'node:timers/promises';
import { type CountedBatch, hasEnded } from '../../generation/batch.ts';
import type { Records } from '../../records/records.ts';
import type { PresentBatch } from '../views/batch-view.ts';
import { retryLine, streamStart } from '../jobs/event-stream.ts';

export interface BatchEventOptions {
  readonly signal: AbortSignal;
  /** Time between two looks at the counters. */
  readonly paceMs: number;
  readonly heartbeatMs: number;
}

/** Id of the event `ended`: a browser that comes back with it has seen all. */
export const endedId = 'ended';

/**
 * The state of a batch as the text of an event stream: at once, then whenever its counters or its progress have changed, at
 * most once in `paceMs`. Each event holds the whole batch, so a client that comes back needs none of those it missed. It ends
 * with the event `ended`, or when the batch was deleted.
 */
export async function* batchEvents(
  records: Records,
  { tenant, id }: CountedBatch,
  present: PresentBatch,
  { signal, paceMs, heartbeatMs }: BatchEventOptions,
): AsyncGenerator<string> {
  yield streamStart;
  let first = retryLine;
  let last = '';
  let silentMs = 0;
  while (!signal.aborted) {
    const batch = await records.batches.find(tenant, id);
    if (batch === null) return;
    const state = JSON.stringify([batch.counts, batch.done]);
    if (state !== last) {
      const event = hasEnded(batch) ? 'ended' : 'progress';
      const id = event === 'ended' ? `id: ${endedId}\n` : '';
      yield `${first}${id}event: ${event}\ndata: ${JSON.stringify(await present(batch))}\n\n`;
      if (event === 'ended') return;
      first = '';
      silentMs = 0;
    } else if (silentMs >= heartbeatMs) {
      yield ': still here\n\n';
      silentMs = 0;
    }
    last = state;
    await pause(paceMs, undefined, { signal }).catch(() => {});
    silentMs += paceMs;
  }
}
