import { createHash } from 'node:crypto';
import type { DrawingState, PictureState } from '../drawing/checkpoint-port.ts';
import type { StoredJson } from '../generation/stored-json.ts';

/**
 * A checkpoint as bytes (docs/architecture.md has the layout). The version is that of the layout and of the state in it: it
 * changes with either. The state of an older version is read as what it is today; a newer version is not read.
 */
const version = 2;
const readers: Readonly<Record<number, (state: unknown) => DrawingState>> = {
  1: (state) => fromFirstVersion(state as FirstState),
  2: (state) => state as DrawingState,
};
const magic = new TextEncoder().encode('ARMCKPT\n');
const hashBytes = 32;
const alignment = 8;

const arrayTypes = { f32: Float32Array, u32: Uint32Array, u8: Uint8Array } as const;
type ArrayType = keyof typeof arrayTypes;

interface Header {
  readonly version: number;
  /** SHA-256 of the plan as it is stored: a checkpoint serves no other. */
  readonly plan: string;
  /** The state, with an {@link ArrayReference} for each array. */
  readonly state: unknown;
}

/** Elements of an array in the data, from byte `at` of it. */
interface ArrayReference {
  readonly array: ArrayType;
  readonly at: number;
  readonly length: number;
}

/** Magic, length of the header (uint32), header (JSON), arrays (little-endian, each at a multiple of 8), SHA-256 of all before. */
export function encodeCheckpoint(state: DrawingState, plan: StoredJson<'plan'>): Uint8Array {
  const arrays: Uint8Array[] = [];
  let size = 0;
  const put = (type: ArrayType, values: Float32Array | Uint32Array | Uint8Array): ArrayReference => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const padding = -bytes.length & (alignment - 1);
    const at = size;
    arrays.push(bytes, new Uint8Array(padding));
    size += bytes.length + padding;
    return { array: type, at, length: values.length };
  };
  const header: Header = { version, plan: hashOfPlan(plan), state: withoutArrays(state, put) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length, true);
  const content = Buffer.concat([magic, length, json, ...arrays]);
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

/** Throws an Error with the reason where the bytes are damaged, or those of another plan or version. */
export function decodeCheckpoint(bytes: Uint8Array, plan: StoredJson<'plan'>): DrawingState {
  const content = bytes.subarray(0, Math.max(0, bytes.length - hashBytes));
  const checksum = createHash('sha256').update(content).digest();
  if (!checksum.equals(bytes.subarray(content.length))) throw new Error('It is cut short or damaged.');
  if (!magic.every((byte, index) => content[index] === byte)) throw new Error('It is no checkpoint.');
  const start = magic.length + 4;
  const end = start + new DataView(content.buffer, content.byteOffset + magic.length, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(content.subarray(start, end))) as Header;
  const read = readers[header.version];
  if (read === undefined) throw new Error(`It has version ${header.version}; expected at most ${version}.`);
  if (header.plan !== hashOfPlan(plan)) throw new Error('It belongs to another plan.');
  const data = new Uint8Array(content.buffer, content.byteOffset + end, content.length - end);
  // The checksum and the version say that the state is what a worker wrote.
  return read(withArrays(header.state, data));
}

type SampleState = Extract<PictureState, { readonly state: unknown }>['state'];

/** What version 1 says of a sample: every plan had one pass, and every step one evaluation. */
interface FirstState {
  readonly samples: readonly {
    readonly step: number;
    readonly latents: SampleState['latents'];
    readonly scheduler: SampleState['memory'];
    readonly noise: SampleState['noise'];
  }[];
  readonly batches: readonly number[];
}

/** Pictures that were decoded already are decoded again, which gives the same. */
function fromFirstVersion({ samples, batches }: FirstState): DrawingState {
  return {
    step: Math.min(...samples.map(({ step }) => step)),
    pictures: samples.map(({ step, latents, scheduler, noise }) => ({
      pass: 0,
      state: { evaluation: step, latents, memory: scheduler, noise },
    })),
    warnings: [],
    batches,
  };
}

function hashOfPlan(plan: StoredJson<'plan'>): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}

function withoutArrays(
  value: unknown,
  put: (type: ArrayType, values: Float32Array | Uint32Array | Uint8Array) => ArrayReference,
): unknown {
  if (value instanceof Float32Array) return put('f32', value);
  if (value instanceof Uint32Array) return put('u32', value);
  if (value instanceof Uint8Array) return put('u8', value);
  if (Array.isArray(value)) return value.map((element) => withoutArrays(element, put));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withoutArrays(field, put)]));
}

function withArrays(value: unknown, data: Uint8Array): unknown {
  if (Array.isArray(value)) return value.map((element) => withArrays(element, data));
  if (typeof value !== 'object' || value === null) return value;
  if (isReference(value)) return readArray(value, data);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withArrays(field, data)]));
}

function isReference(value: object): value is ArrayReference {
  return 'array' in value && 'at' in value;
}

/** A copy: views of floats have to begin at a multiple of their size, and the data begins anywhere. */
function readArray({ array, at, length }: ArrayReference, data: Uint8Array): Float32Array | Uint32Array | Uint8Array {
  const type = arrayTypes[array];
  return new type(data.slice(at, at + length * type.BYTES_PER_ELEMENT).buffer, 0, length);
}
