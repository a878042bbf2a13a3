import type { FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { BatchAxis } from '../../generation/batch.ts';
import { type BatchOptions, lineOptions, readBatch } from '../../generation/batch-request.ts';
import { refuseUnknownFields } from '../../generation/field-names.ts';
import { check } from '../../generation/parse.ts';
import { readForm } from '../form.ts';
import type { ServerLimits } from '../limits.ts';

/** Content types of JSON Lines: one item a line. */
export const linesTypes = ['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines'] as const;

/** An item that may not even be JSON: reading it throws `invalid_request` then. */
export type UnreadItem = () => unknown;

/** A batch in whatever way it was written. */
export interface BatchSubmission {
  readonly options: BatchOptions;
  readonly axes: readonly BatchAxis[] | null;
  readonly items: AsyncIterable<UnreadItem>;
  /** Pictures that items refer to as parts of the form. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a batch: JSON Lines, of which no more than a line is held here; a body of JSON; or a form with either of them in its
 * part `request` or `items`, and pictures beside it.
 */
export async function readItems(request: FastifyRequest, limits: ServerLimits): Promise<BatchSubmission> {
  if (request.isMultipart()) return await readFormItems(request, limits);
  if (isStream(request.body)) {
    refuseUnknownFields(request.query, { known: Object.keys(lineOptions.shape), later: [] });
    const options = check(lineOptions, numbered(request.query));
    return { options, axes: null, items: unreadLines(linesOf(request.body, limits.bodyBytes)), files: new Map() };
  }
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
  if (json !== undefined) return ofJson(parsed(textOf(json), 'request'), limits, files);
  return { options: {}, axes: null, items: unreadLines(textOf(lines).split('\n')), files };
}

function ofJson(body: unknown, { batchItems }: ServerLimits, files: BatchSubmission['files']): BatchSubmission {
  const { items, ...read } = readBatch(body, batchItems);
  return { ...read, items: unread(items), files };
}

async function* unread(items: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<UnreadItem> {
  for await (const item of items) yield () => item;
}

async function* unreadLines(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<UnreadItem> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const place = `line ${number}`;
    if (line.trim() !== '') yield () => parsed(line, place);
  }
}

/** Lines of UTF-8 text. */
async function* linesOf(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > maxBytes) {
      throw new ArmatureError('payload_too_large', `Expected a body of at most ${maxBytes} bytes.`);
    }
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest + decoder.decode();
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ArmatureError('invalid_request', `Expected ${place} to be JSON but it cannot be parsed.`, { cause });
  }
}

function textOf(part: unknown): string {
  return part instanceof Uint8Array ? new TextDecoder().decode(part) : String(part);
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/** A query, where numbers are text. */
function numbered(query: unknown): unknown {
  const { priority, ...rest } = query as Readonly<Record<string, unknown>>;
  return priority === undefined ? rest : { ...rest, priority: Number(priority) };
}
