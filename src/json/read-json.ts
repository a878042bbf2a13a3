import { isUtf8 } from 'node:buffer';
import { ArmatureError } from '../errors.ts';
import { fieldPath } from '../text/field-path.ts';
import { show } from '../text/show.ts';
import { jsonSteps } from './json-steps.ts';
import { longestNesting } from './json-reader.ts';
import { type JsonFault, JsonRefusal } from './json-refusal.ts';
import { isOverdue, nextTurn } from './turns.ts';

/** Where a text of JSON came from, for its errors, and what it may hold. */
export interface JsonSource {
  /** Fits behind "Expected ": `a JSON body`, `line 3 to be JSON`. */
  readonly subject: string;
  /** Part of a form that it is. */
  readonly field?: string;
  /** Numbers, texts, lists and so on that it may have. Default: {@link usualValues}. */
  readonly values?: number;
  /** Where it is a line of a file, or a body, of many: its number from 1. */
  readonly line?: number;
  /** Whether its numbers are given back to who sent them, as those of metadata are. */
  readonly givenBack?: boolean;
}

/** Values of the JSON of one request. A layout of as many corners as one may have has 60,000. */
export const usualValues = 100_000;

/**
 * Reads JSON in UTF-8, with or without a byte order mark, as everything here does that reads a client's: each name once in an
 * object, no number that would be changed, bounded in depth and in the number of values, and in one linear pass that lets others
 * have their turn.
 *
 * @throws ArmatureError `invalid_request`, or `payload_too_large` for too many values
 */
export async function readJson(bytes: Uint8Array, source: JsonSource): Promise<unknown> {
  const steps = stepsOf(bytes, source);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (isOverdue()) await nextTurn();
    }
  } catch (error) {
    throw explained(error, bytes, source);
  }
}

/** The same at once: for texts that are short, or where nobody else waits. */
export function readJsonNow(text: string | Uint8Array, source: JsonSource): unknown {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const steps = stepsOf(bytes, source);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  } catch (error) {
    throw explained(error, bytes, source);
  }
}

/** The text of bytes that are meant to be UTF-8, without a byte order mark; `invalid_request` where they are not. */
export function readText(bytes: Uint8Array, { subject, field }: Pick<JsonSource, 'subject' | 'field'>): string {
  return withoutMark(checkedUtf8(bytes, subject, field)).toString('utf8');
}

function stepsOf(bytes: Uint8Array, { subject, field, values = usualValues, givenBack = false }: JsonSource) {
  return jsonSteps(withoutMark(checkedUtf8(bytes, subject, field)), values, givenBack);
}

function checkedUtf8(bytes: Uint8Array, subject: string, field: string | undefined): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = looksLikeUtf16(buffer);
  if (!wide && isUtf8(bytes)) return buffer;
  const detail = `Expected ${subject} in UTF-8 but ${wide ? 'it is UTF-16' : 'it has bytes that are none'}: save it as UTF-8.`;
  throw new ArmatureError('invalid_request', detail, field === undefined ? {} : { field });
}

/** A byte order mark of UTF-16, or text of which every second byte is 0. */
function looksLikeUtf16(buffer: Buffer): boolean {
  const [first, second] = buffer;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return buffer.length > 1 && (first === 0) !== (second === 0);
}

function withoutMark(buffer: Buffer): Buffer {
  return buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? buffer.subarray(3) : buffer;
}

function explained(error: unknown, bytes: Uint8Array, source: JsonSource): unknown {
  if (!(error instanceof JsonRefusal)) return error;
  const { fault } = error;
  const path = fieldPath(fault.path.slice(0, longestNesting)).slice(0, 200);
  // What is no JSON has no fields yet.
  const inner = fault.kind === 'syntax' || path === '' ? undefined : path;
  const field = source.field ?? inner;
  const [code, detail] = told(fault, path, placeOf(bytes, fault.at, source.line), source);
  return new ArmatureError(code, detail, field === undefined ? {} : { field });
}

function told(
  { kind, found }: JsonFault,
  path: string,
  place: string,
  { subject }: JsonSource,
): readonly ['invalid_request' | 'payload_too_large', string] {
  const where = path === '' ? subject : path;
  switch (kind) {
    case 'syntax':
      return [
        'invalid_request',
        `Expected ${subject} but it cannot be parsed: it does not go on with ${found} ${place}.`,
      ];
    case 'deep':
      return ['invalid_request', `Expected JSON with at most ${longestNesting} arrays and objects inside each other.`];
    case 'many':
      return ['payload_too_large', `Expected ${subject} of at most ${found} values (a picture is one).`];
    case 'twice':
      return ['invalid_request', `Expected each name once in an object but received ${show(found)} twice, ${place}.`];
    case 'name':
      return ['invalid_request', `Expected other names in an object than ${found}, ${place}.`];
    case 'number': {
      const shown = found.length > 80 ? `${found.slice(0, 77)}...` : found;
      const reason = 'no number of 64 bits is that one: send it as text, or with fewer digits';
      return ['invalid_request', `Expected ${where} to be a number that can be kept but received ${shown}: ${reason}.`];
    }
  }
}

/** Where a byte stands, for people; of a long text the byte itself. A text that is the line `only` of another has no others. */
function placeOf(bytes: Uint8Array, at: number, only: number | undefined): string {
  if (at > 100_000) return only === undefined ? `at byte ${at}` : `at byte ${at} of line ${only}`;
  const before = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, at)).toString('utf8');
  const lines = before.split('\n');
  return `at line ${only ?? lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
