import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ArmatureError } from '../errors.ts';
import { storeError } from './file-errors.ts';
import type { ObjectStore } from './store.ts';

/** An object, and how many bytes it must have. */
export interface SizedObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Writes objects one behind another into a file that is new, a stream's piece at a time; its bytes are on the disk when it resolves. Where it
 * fails there is no file.
 *
 * @throws ArmatureError `not_found` where an object is gone, `unavailable` where the store is away or gives fewer or more bytes,
 *   `storage_full`; the reason of `signal` where that aborts
 */
export async function writeObjectsToFile(
  store: Pick<ObjectStore, 'read'>,
  objects: readonly SizedObject[],
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    throw storeError(error, path);
  });
  try {
    for (const object of objects) {
      signal.throwIfAborted();
      if (object.bytes === 0) continue;
      await copy(await store.read(object.key), object, async (chunk) => {
        signal.throwIfAborted();
        await writeAll(file, chunk);
      });
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw storeError(error, path);
  }
  await file.close();
}

async function copy(
  source: Readable,
  { key, bytes }: SizedObject,
  write: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  let copied = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    copied += chunk.length;
    if (copied <= bytes) await write(chunk);
  }
  if (copied === bytes) return;
  throw new ArmatureError('unavailable', `Expected ${bytes} bytes of ${key} but the store gives ${copied}.`);
}

async function writeAll(file: { write(chunk: Buffer): Promise<{ bytesWritten: number }> }, chunk: Buffer) {
  for (let rest = chunk; rest.length > 0;) rest = rest.subarray((await file.write(rest)).bytesWritten);
}
