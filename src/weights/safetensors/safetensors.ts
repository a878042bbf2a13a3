import { realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { openRegularFile, reasonOf } from '../../files/regular-file.ts';
import { isWeightType, type StoredNumbers, type WeightRef, weightTypes } from '../../graph/weights.ts';
import { decodeFloats } from './floats.ts';
import { elementSize, type Header, invalid, maxHeaderLength, parseHeader, type TensorType } from './header.ts';

/** A .safetensors file, of which the header was read. */
export interface SafetensorsFile extends Header {
  /** The name by which users know the file: errors show it, never the path. */
  readonly name: string;
  /** Where the bytes are, with symbolic links resolved. */
  readonly path: string;
  readonly folder: string;
  readonly fileName: string;
  readonly byteLength: number;
  readonly header: Uint8Array;
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

function unreadable(name: string, cause: unknown): never {
  throw new ArmatureError('model_invalid', `The file ${name} cannot be read (${reasonOf(cause)}).`, { cause });
}
