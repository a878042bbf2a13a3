import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { hasCode } from '../errors.ts';
import { readRegularBytes } from '../files/regular-file.ts';

/** A key of an entry: all that decides what is in it, and nothing else. */
export type CacheKey = readonly (string | number | boolean)[];

/** How numbers lie in a file. */
export interface NumberFormat {
  readonly encode: (numbers: Float32Array) => Uint8Array;
  readonly decode: (bytes: Buffer) => Float32Array;
}

/** As they are. */
export const asFloats: NumberFormat = {
  encode: ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  decode: (bytes) => new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
};

/** Levels of a map, whole numbers over 255 from -1 to 1: two bytes each, packed, since most maps are mostly one colour. */
export const asLevels: NumberFormat = {
  encode: (numbers) => deflateSync(new Uint8Array(Int16Array.from(numbers, (value) => Math.round(255 * value)).buffer)),
  decode: (bytes) => {
    const whole = inflateSync(bytes);
    const levels = new Int16Array(whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length));
    return Float32Array.from(levels, (level) => level / 255);
  },
};

/** More than anything that is kept. */
const mostBytes = 2 ** 30;

/** What locked networks and extractors make of pictures and captions, in files of a folder that may be deleted at any time: each is made once. */
export class EncodedCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The `length` numbers of a key, which `make` gives where they are not there. */
  async get(
    key: CacheKey,
    length: number,
    make: () => Promise<Float32Array>,
    format: NumberFormat = asFloats,
  ): Promise<Float32Array> {
    const path = this.#pathOf(key);
    const known = await read(path, length, format);
    if (known !== null) return known;
    const bytes = format.encode(await make());
    await keep(path, bytes);
    // The same numbers whether they were kept before or not.
    return format.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  #pathOf(key: CacheKey): string {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    return join(this.#folder, name.slice(0, 2), name);
  }
}

/** Null where there are none, or others than so many: what a machine that lost its power left. */
async function read(path: string, length: number, { decode }: NumberFormat): Promise<Float32Array | null> {
  const bytes = await readRegularBytes(path, mostBytes).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (bytes === null) return null;
  try {
    const numbers = decode(bytes);
    return numbers.length === length ? numbers : null;
  } catch {
    return null;
  }
}

async function keep(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomUUID()}.part`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(draft, bytes);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
