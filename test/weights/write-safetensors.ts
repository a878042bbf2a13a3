import { writeFileSync } from 'node:fs';

export interface WrittenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The bytes of a .safetensors file, tensors one after the other. */
export function safetensorsBytes(
  tensors: Readonly<Record<string, WrittenTensor>>,
  metadata?: Readonly<Record<string, unknown>>,
): Uint8Array {
  let end = 0;
  const entries = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
      const begin = end;
      end += bytes.length;
      return [name, { dtype, shape, data_offsets: [begin, end] }];
    }),
  );
  const header = { ...(metadata === undefined ? {} : { __metadata__: metadata }), ...entries };
  return withHeader(JSON.stringify(header), Buffer.concat(Object.values(tensors).map((tensor) => tensor.bytes)));
}

/** A file whose header is the text `header`, right or wrong. */
export function withHeader(header: string, data: Uint8Array): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, WrittenTensor>>,
  metadata?: Readonly<Record<string, unknown>>,
): void {
  writeFileSync(path, safetensorsBytes(tensors, metadata));
}

export function float32Tensor(shape: readonly number[], values: ArrayLike<number>): WrittenTensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}
