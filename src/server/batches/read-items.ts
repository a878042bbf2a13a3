import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { BatchAxis } from '../../generation/batch.ts';
import { type BatchOptions, lineOptions, readBatch, tooManyItems } from '../../generation/batch-request.ts';
import { refuseUnknownFields } from '../../generation/request/field-names.ts';
import { hasMoreValues } from '../../generation/request/json-size.ts';
import { limits } from '../../generation/request/limits.ts';
import { check } from '../../generation/parse.ts';
import { readJson } from '../../json/read-json.ts';
import { isForm, readForm } from '../http/form.ts';
import { readJsonPart } from '../http/json.ts';
import { bodyChunks } from '../http/body-chunks.ts';
import { linesOf } from './lines.ts';
import type { ServerLimits } from '../parts/limits.ts';

/** Content types of JSON Lines: one item a line. */
export const linesTypes = ['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines'] as const;

/** An item that may not even be JSON: reading it throws `invalid_request` then. */
export type UnreadItem = () => Promise<unknown>;

/** A batch in whatever way it was written. */
export interface BatchSubmission {
  readonly options: BatchOptions;
  readonly axes: readonly BatchAxis[] | null;
  readonly items: AsyncIterable<UnreadItem> | Iterable<UnreadItem>;
  /** Pictures that items refer to as parts of the form. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a batch: JSON Lines, of which no more than a line is held here; a body of JSON; or a form with either of them in its
 * part `request` or `items`, and pictures beside it.
 */
export async function readItems(request: FastifyRequest, limits: ServerLimits): Promise<BatchSubmission> {
  if (isForm(request)) return await readFormItems(request, limits);
  if (isStream(request.body)) {
    const items = unreadLines(bodyChunks(request.body, limits.bodyBytes), limits);
    return { options: optionsOf(request.query), axes: null, items, files: new Map() };
  }
  refuseOptions(request.query);
  return ofJson(request.body, limits, new Map());
}

async function readFormItems(request: FastifyRequest, limits: ServerLimits): Promise<BatchSubmission> {
  const form = await readForm(request, limits);
  const parts = new Map<string, unknown>([...form.fields, ...form.files]);
  const [json, lines] = [parts.get('request'), parts.get('items')];
  const files = new Map([...form.files].filter(([name]) => name !== 'request' && name !== 'items'));
  const stray = [...form.fields.keys()].find((name) => name !== 'request' && name !== 'items');
  if (stray !== undefined || (json === undefined) === (lines === undefined)) {
    const detail =
      'Expected either the part request (JSON) or the part items (JSON Lines), and besides it pictures only.';
    throw new ArmatureError('invalid_request', detail, { field: stray ?? 'request' });
  }
  if (json !== undefined) {
    refuseOptions(request.query);
    return ofJson(await readJsonPart(json, 'request', limits.batchValues), limits, files);
  }
  const items = unreadLines([lines instanceof Uint8Array ? lines : Buffer.from(String(lines))], limits);
  return { options: optionsOf(request.query), axes: null, items, files };
}

/** What the query says of a batch whose items are lines. */
function optionsOf(query: unknown): BatchOptions {
  refuseUnknownFields(query, { known: Object.keys(lineOptions.shape) });
  return check(lineOptions, numbered(query));
}

/** Of a batch of JSON the body says everything. */
function refuseOptions(query: unknown): void {
  const [name] = Object.keys(query ?? {});
  if (name === undefined) return;
  const shown = JSON.stringify(name.slice(0, 80));
  const detail = `Expected no query with a batch of JSON but received ${shown}: only JSON Lines have their options there. Put it into the body.`;
  throw new ArmatureError('invalid_request', detail, { field: name.slice(0, 80) });
}

function ofJson(body: unknown, { batchItems }: ServerLimits, files: BatchSubmission['files']): BatchSubmission {
  const { items, ...read } = readBatch(body, batchItems);
  return { ...read, items: unread(items), files };
}

async function* unread(items: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<UnreadItem> {
  for await (const item of items) yield async () => bounded(item);
}

/** One item of many may be no more than a body of its own. */
function bounded(item: unknown): unknown {
  if (!hasMoreValues(item, limits.values)) return item;
  throw new ArmatureError('payload_too_large', `Expected an item of at most ${limits.values} values.`);
}

async function* unreadLines(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: ServerLimits,
): AsyncGenerator<UnreadItem> {
  let items = 0;
  for await (const { number, bytes } of linesOf(body, limits)) {
    items += 1;
    if (items > limits.batchItems) throw tooManyItems(limits.batchItems);
    const source = { subject: `line ${number} to be JSON`, line: number, values: limits.jsonValues };
    yield async () => await readJson(bytes, source);
  }
}

function isStream(body: unknown): body is Readable {
  return body instanceof Readable;
}

/** A query, where numbers are text. */
function numbered(query: unknown): unknown {
  const { priority, ...rest } = query as Readonly<Record<string, unknown>>;
  return priority === undefined ? rest : { ...rest, priority: Number(priority) };
}
