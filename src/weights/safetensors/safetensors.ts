import { realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { openRegularFile, reasonOf } from '../../files/regular-file.ts';
import { outlineOf } from '../../json/outline.ts';
import { isWeightType, type StoredNumbers, type WeightRef, weightTypes } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { decodeFloats } from './floats.ts';

/** Bytes of one element of each number format that the format knows. */
const elementSize = {
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
const maxHeaderLength = 100_000_000;
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

/** The header of a .safetensors file. */
export interface SafetensorsFile {
  /** The name by which users know the file: errors show it, never the path. */
  readonly name: string;
  /** Where the bytes are, with symbolic links resolved. */
  readonly path: string;
  readonly folder: string;
  readonly fileName: string;
  readonly byteLength: number;
  readonly header: Uint8Array;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** What the file says of itself under `__metadata__`; lists and objects are left out. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks the header of a .safetensors file; reads no tensor. Throws `model_invalid` where the file is anything but
 * what the format allows: the tensors must cover the data without overlap, gap or rest.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const name = basename(path);
  const target = await realpath(path).catch((cause: unknown) => unreadable(name, cause));
  const handle = await openRegularFile(target).catch((cause: unknown) => unreadable(name, cause));
  try {
    const status = await handle.stat();
    const header = await readHeader(handle, name, status.size);
    const { tensors, metadata } = parseHeader(name, header, status.size);
    return {
      name,
      path: target,
      folder: dirname(target),
      fileName: basename(target),
      byteLength: status.size,
      header,
      tensors,
      metadata,
    };
  } finally {
    await handle.close();
  }
}

/** Values of one tensor as float32. Throws `model_invalid` where there is none of that name or it is no floating-point number of 32, 16 or 8 bits. */
export async function readTensor(file: SafetensorsFile, tensor: string): Promise<Float32Array> {
  const entry = file.tensors.get(tensor);
  if (entry === undefined) throw invalid(file.name, `a tensor ${tensor}`, 'none of that name');
  if (!isWeightType(entry.dtype)) {
    throw invalid(file.name, `${weightTypes.join(', ')} for tensor ${tensor}`, entry.dtype);
  }
  const handle = await openRegularFile(file.path).catch((cause: unknown) => unreadable(file.name, cause));
  try {
    return decodeFloats(entry.dtype, await readExactly(handle, file.name, entry.byteOffset, entry.byteLength));
  } finally {
    await handle.close();
  }
}

/** The first number of each of some tensors, of any number format. Throws `model_invalid` where one is not there. */
export async function readNumbers(
  file: SafetensorsFile,
  tensors: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map<string, number>();
  const handle = await openRegularFile(file.path).catch((cause: unknown) => unreadable(file.name, cause));
  try {
    for (const tensor of tensors) {
      const entry = file.tensors.get(tensor);
      if (entry === undefined || entry.byteLength === 0) throw invalid(file.name, `a number as ${tensor}`, 'none');
      const bytes = await readExactly(handle, file.name, entry.byteOffset, elementSize[entry.dtype]);
      numbers.set(tensor, firstNumber(entry.dtype, bytes));
    }
  } finally {
    await handle.close();
  }
  return numbers;
}

function firstNumber(dtype: TensorType, bytes: Buffer): number {
  if (isWeightType(dtype)) return decodeFloats(dtype, bytes)[0] ?? Number.NaN;
  if (dtype === 'F64') return bytes.readDoubleLE(0);
  if (dtype === 'I64') return Number(bytes.readBigInt64LE(0));
  if (dtype === 'U64') return Number(bytes.readBigUInt64LE(0));
  if (dtype === 'U32' || dtype === 'U16' || dtype === 'U8') return bytes.readUIntLE(0, bytes.length);
  return bytes.readIntLE(0, bytes.length);
}

/** Values of one weight of a network whose files lie in `folder`, as float32. */
export async function readFloats(folder: string, { scale, ...stored }: WeightRef): Promise<Float32Array> {
  const numbers = await readStored(folder, stored);
  if (scale === undefined) return numbers;
  const [times = 1] = await readStored(folder, scale);
  return numbers.map((number) => number * times);
}

async function readStored(
  folder: string,
  { file, dtype, byteOffset, byteLength }: StoredNumbers,
): Promise<Float32Array> {
  const handle = await openRegularFile(join(folder, file)).catch((cause: unknown) => unreadable(file, cause));
  try {
    return decodeFloats(dtype, await readExactly(handle, file, byteOffset, byteLength));
  } finally {
    await handle.close();
  }
}

async function readHeader(handle: FileHandle, name: string, fileLength: number): Promise<Uint8Array> {
  if (fileLength < 8) throw invalid(name, 'a safetensors file of at least 8 bytes', `${fileLength} bytes`);
  const length = (await readExactly(handle, name, 0, 8)).readBigUInt64LE(0);
  if (length > BigInt(maxHeaderLength)) throw invalid(name, 'a header of at most 100 MB', `${length} bytes`);
  if (length > BigInt(fileLength - 8)) {
    throw invalid(name, `a header of ${length} bytes`, `a file of ${fileLength} bytes: it may be cut off`);
  }
  return readExactly(handle, name, 8, Number(length));
}

async function readExactly(handle: FileHandle, name: string, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) throw invalid(name, `${length} bytes at ${position}`, `${filled}: the file is cut off`);
    filled += bytesRead;
  }
  return bytes;
}

function parseHeader(
  name: string,
  header: Uint8Array,
  fileLength: number,
): Pick<SafetensorsFile, 'tensors' | 'metadata'> {
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

function invalid(name: string, expected: string, received: string, cause?: unknown): ArmatureError {
  return new ArmatureError('model_invalid', `Expected ${expected} in ${name} but received ${received}.`, { cause });
}

function unreadable(name: string, cause: unknown): never {
  throw new ArmatureError('model_invalid', `The file ${name} cannot be read (${reasonOf(cause)}).`, { cause });
}
