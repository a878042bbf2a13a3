import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { FileFault } from '../terminal/exit-codes.ts';
import { requestJson } from '../client/server-client.ts';
import type { Sending } from './journal.ts';
import { patiently } from './patience.ts';
import type { BatchItem, FailedItem } from './read-items.ts';
import type { BatchRun } from './batch-run.ts';

/** Items of one request: a small one is answered soon, and a refusal costs little. */
const itemsOfRequest = 500;
/** So few are not cut further for a queue that has no room: they wait for it. */
const fewItems = 16;
const longestName = 200;

const batchSchema = z.object({ id: z.string() });

/** What became of items: those that are with the server, and those whose own picture it does not take. */
interface Sent {
  readonly sendings: readonly Sending[];
  readonly refused: readonly FailedItem[];
}

/** Sends the items in several requests, each noted before it is sent and when it has been accepted. */
export async function sendItems(run: BatchRun, items: readonly BatchItem[]): Promise<Sent> {
  const sendings: Sending[] = [];
  const refused: FailedItem[] = [];
  for (let start = 0; start < items.length; start += itemsOfRequest) {
    const chunk: BatchItem[] = [];
    for (const item of items.slice(start, start + itemsOfRequest)) {
      const problem = item.picture === null ? null : await uploadProblem(run, item);
      if (problem === null) chunk.push(item);
      else refused.push({ stem: item.stem, detail: problem });
    }
    if (chunk.length > 0) sendings.push(...(await sendChunk(run, chunk)));
  }
  return { sendings, refused };
}

/** What is wrong with a picture, and not with the server, the key or the quota. */
const pictureFaults: ReadonlySet<string> = new Set([
  'invalid_image',
  'image_too_large',
  'payload_too_large',
  'unsupported_media_type',
]);

/** Uploads the pictures of an item; what is wrong with one of them, where something is. */
async function uploadProblem({ pictures, server, signal, onWait }: BatchRun, item: BatchItem): Promise<string | null> {
  try {
    await patiently(signal, onWait, async () => await pictures.withUploads(item.body, server));
    return null;
  } catch (error) {
    if (error instanceof ArmatureError && pictureFaults.has(error.code)) return error.message;
    throw error;
  }
}

/** Sends what an earlier run may have sent or not; the key makes sure that it is drawn once. */
export async function resendItems(run: BatchRun, sending: Sending, items: readonly BatchItem[]): Promise<void> {
  const byKey = new Map(items.map((item) => [item.key, item]));
  const chunk = sending.items.flatMap((key) => byKey.get(key) ?? []);
  // Items have changed since: what was sent cannot be said again, and is left to itself.
  if (chunk.length < sending.items.length) return;
  try {
    await send(run, sending, chunk);
  } catch (error) {
    // It was refused then as well: its items are sent anew, and refused by their names.
    if (!(error instanceof ArmatureError) || error.status >= 500) throw error;
  }
}

async function sendChunk(run: BatchRun, items: readonly BatchItem[]): Promise<readonly Sending[]> {
  const query = new URLSearchParams({ name: run.name.slice(0, longestName) });
  if (run.priority !== undefined) query.set('priority', String(run.priority));
  const keys = items.map(({ key }) => key);
  const sending = await run.journal.noteSending(randomUUID(), query.toString(), keys);
  if (await send(run, sending, items)) return [sending];
  const half = Math.ceil(items.length / 2);
  return [...(await sendChunk(run, items.slice(0, half))), ...(await sendChunk(run, items.slice(half)))];
}

/** Returns whether they were accepted; false where fewer may be. */
async function send(run: BatchRun, sending: Sending, items: readonly BatchItem[]): Promise<boolean> {
  const { pictures, server, signal, onWait } = run;
  const bodies: string[] = [];
  for (const { body } of items) {
    const written = await patiently(signal, onWait, async () => await pictures.withUploads(body, server));
    bodies.push(JSON.stringify(written));
  }
  const request = {
    method: 'POST',
    path: `/v1/batches?${sending.query}`,
    headers: { 'content-type': 'application/jsonl', 'idempotency-key': sending.key },
    body: bodies.join('\n'),
    signal,
  } as const;
  const answer = await patiently(signal, onWait, async () => {
    return await requestJson(server, request).catch((error: unknown) => {
      if (!(error instanceof ArmatureError)) throw error;
      if (fewerMayDo(error, items.length)) return null;
      throw named(error, items);
    });
  });
  if (answer !== null) await run.journal.noteSent(sending, batchSchema.parse(answer).id);
  return answer !== null;
}

/** Whether the server may take fewer items where it refuses so many. */
function fewerMayDo({ code }: ArmatureError, count: number): boolean {
  if (code === 'payload_too_large') return count > 1;
  return (code === 'queue_full' || code === 'too_many_queued') && count > fewItems;
}

/** The error with the items' own names: the server knows only their places in one request. */
function named(error: ArmatureError, items: readonly BatchItem[]): ArmatureError {
  const detail = error.message.replaceAll(/\bitems\[(\d+)\]/g, (text, index: string) => {
    const item = items[Number(index)];
    return item === undefined ? text : `item ${item.stem}`;
  });
  const { retryAfter } = error;
  return new FileFault(error.code, detail, { cause: error, ...(retryAfter === undefined ? {} : { retryAfter }) });
}
