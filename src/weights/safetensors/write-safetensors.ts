import { writeAnew } from '../../files/atomic-write.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import { encodeFloat16s } from './float16.ts';

/** Numbers as they are written into a file, by the names that they have there. */
export type WrittenTensors = ReadonlyMap<string, Tensor>;

const formats = {
  F16: { size: 2, encode: encodeFloat16s },
  F32: { size: 4, encode: (values: Float32Array) => values },
} as const;

export interface WriteOptions {
  readonly format: keyof typeof formats;
  /** What the file says of itself, all text. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** As the reference implementation fills headers up, so that numbers begin where processors like them to. */
const alignment = 8;

/** Writes a .safetensors file whole or not at all; tensors lie in it in the order of their names. Each is encoded only when its turn comes. */
export async function writeSafetensors(path: string, tensors: WrittenTensors, options: WriteOptions): Promise<void> {
  const ordered = [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1));
  await writeAnew(path, piecesOf(ordered, options));
}

function* piecesOf(
  tensors: readonly (readonly [name: string, tensor: Tensor])[],
  { format, metadata = {} }: WriteOptions,
): Generator<Uint8Array> {
  const { size, encode } = formats[format];
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { __metadata__: metadata };
  let end = 0;
  for (const [name, { dims, data }] of tensors) {
    const begin = end;
    end += data.length * size;
    header[name] = { dtype: format, shape: dims, data_offsets: [begin, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const filled = Buffer.alloc(Math.ceil(text.length / alignment) * alignment, ' ');
  text.copy(filled);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(filled.length));
  yield Buffer.concat([length, filled]);
  for (const [, { data }] of tensors) {
    const { buffer, byteOffset, byteLength } = encode(data);
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
