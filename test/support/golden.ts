import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const own = fileURLToPath(new URL('../golden', import.meta.url));
const folder = process.env['GOLDEN_DIR'] ?? own;

/**
 * Path of a reference file. Other sets of the same layout are tested by naming their folder in GOLDEN_DIR, so nothing may be
 * known of what it holds but by its own indexes and configs: no width, number of heads or size, and no name of a case.
 */
export function goldenPath(...parts: readonly string[]): string {
  return join(folder, ...parts);
}

/** Names of the folders of models/ that have reference numbers. */
export function goldenModels(): readonly string[] {
  return readdirSync(goldenPath('models')).filter((name) => existsSync(goldenPath('models', name, 'golden.json')));
}

/** Path of a small model for tests that compare it with no reference: whatever GOLDEN_DIR says, one of this repository. */
export function smallModelPath(...parts: readonly string[]): string {
  return join(own, ...parts);
}

export function goldenJson<T>(...parts: readonly string[]): T {
  return JSON.parse(readFileSync(goldenPath(...parts), 'utf8')) as T;
}

export type GoldenArray =
  | { readonly dims: readonly number[]; readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dims: readonly number[]; readonly dtype: 'F64'; readonly data: Float64Array }
  | { readonly dims: readonly number[]; readonly dtype: 'I64'; readonly data: BigInt64Array }
  | { readonly dims: readonly number[]; readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly dims: readonly number[]; readonly dtype: 'U8'; readonly data: Uint8Array }
  | { readonly dims: readonly number[]; readonly dtype: 'F16' | 'BF16'; readonly data: Uint16Array };

const arrayTypes = {
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U8: Uint8Array,
  F16: Uint16Array,
  BF16: Uint16Array,
} as const;

/**
 * All arrays of a reference file. Written apart from src/weights on purpose: what is tested must not read its own
 * references.
 */
export function goldenArrays(...parts: readonly string[]): ReadonlyMap<string, GoldenArray> {
  return arraysOf(goldenPath(...parts));
}

/** As {@link goldenArrays}, of a file anywhere. */
export function arraysOf(path: string): ReadonlyMap<string, GoldenArray> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: keyof typeof arrayTypes; shape: number[]; data_offsets: [number, number] }
  >;
  const arrays = new Map<string, GoldenArray>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const start = 8 + headerLength;
    const copy = bytes.buffer.slice(bytes.byteOffset + start + offsets[0], bytes.byteOffset + start + offsets[1]);
    arrays.set(name, { dims: shape, dtype, data: new arrayTypes[dtype](copy) } as GoldenArray);
  }
  return arrays;
}

/** Values of one float32 array; throws where the file has none of that name. */
export function floats(arrays: ReadonlyMap<string, GoldenArray>, name: string): Float32Array {
  const array = arrays.get(name);
  if (array?.dtype !== 'F32')
    throw new Error(`Expected float32 array ${name} but the file has ${array?.dtype ?? 'none'}`);
  return array.data;
}

/** Values of one array of bytes; throws where the file has none of that name. */
export function bytes(arrays: ReadonlyMap<string, GoldenArray>, name: string): Uint8Array {
  const array = arrays.get(name);
  if (array?.dtype !== 'U8') throw new Error(`Expected bytes ${name} but the file has ${array?.dtype ?? 'none'}`);
  return array.data;
}

export function maxAbsDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}
