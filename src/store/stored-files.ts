import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { openRegularFile } from '../files/regular-file.ts';
import type { StoredFile, StoredPart } from '../generation/made-model.ts';
import type { ObjectStore } from './store.ts';

/** Bytes of an object: what is held in memory of a file of any size. */
const partBytes = 8 * 2 ** 20;

/** Where the objects of a file go. */
export interface FilePlace {
  /** What their keys begin with, which ends with a slash; behind it stands the hash of their bytes. */
  readonly prefix: string;
  /** Keys that are there already: what has not changed is not put again. */
  readonly known?: ReadonlySet<string>;
}

/** Puts a file into the store, a piece at a time. Throws the system's errors and the store's, and the reason of `signal` where that aborts. */
export async function putFile(
  store: Pick<ObjectStore, 'put'>,
  path: string,
  name: string,
  { prefix, known = new Set() }: FilePlace,
  signal: AbortSignal,
): Promise<StoredFile> {
  const whole = createHash('sha256');
  const parts: StoredPart[] = [];
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const buffer = Buffer.allocUnsafe(Math.min(partBytes, size));
    for (let position = 0; position < size;) {
      signal.throwIfAborted();
      const wanted = Math.min(partBytes, size - position);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await file.read(buffer, filled, wanted - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      if (filled === 0) break;
      const bytes = buffer.subarray(0, filled);
      whole.update(bytes);
      const key = `${prefix}${createHash('sha256').update(bytes).digest('hex')}`;
      if (!known.has(key)) await store.put(key, bytes, 'application/octet-stream');
      parts.push({ key, bytes: filled });
      position += filled;
    }
  } finally {
    await file.close();
  }
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { name, sha256: whole.digest('hex'), bytes, parts };
}

/** Bytes `start` to `end` of a stored file, both included; by default all of it. */
export function readStoredFile(
  store: Pick<ObjectStore, 'read'>,
  { parts, bytes }: Pick<StoredFile, 'parts' | 'bytes'>,
  { start, end }: { readonly start: number; readonly end: number } = { start: 0, end: bytes - 1 },
): Readable {
  return Readable.from(pieces(), { objectMode: false });

  async function* pieces(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const part of parts) {
      const [from, to] = [Math.max(start - at, 0), Math.min(end - at, part.bytes - 1)];
      at += part.bytes;
      if (from > to) continue;
      yield* (await store.read(part.key, { start: from, end: to })) as AsyncIterable<Uint8Array>;
    }
  }
}
