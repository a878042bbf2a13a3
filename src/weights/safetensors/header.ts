import { ArmatureError } from '../../errors.ts';
import { outlineOf } from '../../json/outline.ts';
import { elementCount } from '../../numeric/tensor.ts';

/** Bytes of one element of each number format that the format knows. */
export const elementSize = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;
export type TensorType = keyof typeof elementSize;

/** As in the reference implementation. */
export const maxHeaderLength = 100_000_000;
/** Entries of a header: the largest networks in use have a few thousand. */
const mostTensors = 100_000;
/** A tensor's sizes lie three brackets deep; metadata of some programs are a little deeper. */
const deepestHeader = 8;
/** Axes of a tensor: those of a convolution over volumes are five. */
const mostAxes = 16;

export interface TensorEntry {
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What a header says. */
export interface Header {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** What the file says of itself under `__metadata__`; lists and objects are left out. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What the header of a file of `fileLength` bytes says, without the 8 bytes of its length. Throws `model_invalid` where it is anything but what
 * the format allows: the tensors must cover the data without overlap, gap or rest.
 */
export function parseHeader(name: string, header: Uint8Array, fileLength: number): Header {
  const text = decodeText(name, header);
  const { members, depth, twice } = outlineOf(text, { mostMembers: mostTensors, deepest: deepestHeader });
  if (members > mostTensors) throw invalid(name, `at most ${mostTensors} tensors`, 'more');
  if (depth > deepestHeader) throw invalid(name, `a header of at most ${deepestHeader} nested brackets`, 'more');
  const json = parseJson(name, text);
  if (twice !== null) throw invalid(name, 'each name once in its header', `two named ${shortened(twice)}`);
  const dataStart = 8 + header.length;
  const tensors = new Map<string, TensorEntry>();
  for (const [tensor, value] of Object.entries(json)) {
    if (tensor !== '__metadata__') tensors.set(tensor, parseEntry(name, tensor, value, dataStart));
  }
  checkCoverage(name, tensors, dataStart, fileLength);
  return { tensors, metadata: textsOf(json['__metadata__']) };
}

function textsOf(metadata: unknown): Readonly<Record<string, string>> {
  const entries = isRecord(metadata) ? Object.entries(metadata) : [];
  // Text alone is allowed there; what some programs write in its place says the same.
  const isSaid = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
  return Object.fromEntries(entries.filter(([, value]) => isSaid(value)).map(([name, value]) => [name, String(value)]));
}

function decodeText(name: string, header: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(header);
  } catch (cause) {
    throw invalid(name, 'a header in UTF-8', 'other bytes', cause);
  }
}

function parseJson(name: string, text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid(name, 'a header in JSON', 'text that does not parse', cause);
  }
  if (!isRecord(json)) throw invalid(name, 'a JSON object as header', Array.isArray(json) ? 'an array' : typeof json);
  return json;
}

function parseEntry(name: string, tensor: string, value: unknown, dataStart: number): TensorEntry {
  const entry = isRecord(value) ? value : {};
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(elementSize, dtype)) {
    throw invalid(name, `a known number format for tensor ${shortened(tensor)}`, describe(dtype));
  }
  if (!isSizes(shape) || shape.length > mostAxes) {
    throw invalid(name, `a list of sizes as shape of tensor ${shortened(tensor)}`, describe(shape));
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw invalid(name, `a pair of offsets for tensor ${shortened(tensor)}`, describe(offsets));
  }
  const [begin, end] = offsets as [number, number];
  const type = dtype as TensorType;
  const expected = elementCount(shape) * elementSize[type];
  if (end - begin !== expected) {
    const what = `${shortened(tensor)} (${dtype} [${shape.join(', ')}])`;
    throw invalid(name, `${expected} bytes for tensor ${what}`, `${end - begin}`);
  }
  return { dtype: type, shape, byteOffset: dataStart + begin, byteLength: expected };
}

function checkCoverage(
  name: string,
  tensors: ReadonlyMap<string, TensorEntry>,
  dataStart: number,
  fileLength: number,
): void {
  const ordered = [...tensors].toSorted(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const [tensor, entry] of ordered) {
    if (entry.byteOffset !== end) {
      const problem = entry.byteOffset < end ? 'an overlap with the one before' : 'a gap before it';
      throw invalid(name, `tensor ${shortened(tensor)} at byte ${end}`, `${problem} (byte ${entry.byteOffset})`);
    }
    end = entry.byteOffset + entry.byteLength;
  }
  if (end !== fileLength) {
    const problem = end > fileLength ? ': it is cut off' : '';
    throw invalid(name, `a file of ${end} bytes, as its header says`, `${fileLength}${problem}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : shortened(JSON.stringify(value));
}

/** Names are as long as whoever wrote the file wanted. */
function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

/** `name` is the file's, as users know it. */
export function invalid(name: string, expected: string, received: string, cause?: unknown): ArmatureError {
  return new ArmatureError('model_invalid', `Expected ${expected} in ${name} but received ${received}.`, { cause });
}
