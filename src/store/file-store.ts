import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { access, opendir, readdir, realpath, rm, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { ArmatureError, hasCode } from '../errors.ts';
import { writeAtomically } from '../files/atomic-write.ts';
import { makeFolder } from '../files/make-folder.ts';
import { openRegularFile } from '../files/regular-file.ts';
import { storeError } from './file-errors.ts';
import { checkKey, checkPrefix } from './key.ts';
import type { ListedObject, ObjectStore } from './store.ts';

/** Drafts as old as this belong to no process that still writes. Milliseconds. */
const leftoverAge = 3_600_000;

/**
 * Keeps objects as files below `folder`/objects, and drafts in `folder`/drafts until they are whole. Several processes may
 * have it open. Content types are not kept: records know them.
 *
 * @throws ArmatureError `unavailable` where the folder cannot be made or written
 */
export async function openFileStore(folder: string): Promise<ObjectStore> {
  const objects = resolve(folder, 'objects');
  const drafts = resolve(folder, 'drafts');
  await orStoreError('anything', async () => {
    await makeFolder(objects);
    await makeFolder(drafts);
    await removeLeftovers(drafts);
  });

  const pathOf = (key: string): string => {
    checkKey(key);
    return join(objects, ...key.split('/'));
  };

  return {
    async put(key, bytes) {
      const path = pathOf(key);
      await orStoreError(key, () => writeAtomically(path, join(drafts, randomUUID()), bytes));
    },
    async get(key) {
      const path = pathOf(key);
      return orStoreError(key, () => readWhole(path));
    },
    async stat(key) {
      const path = pathOf(key);
      const found = await orStoreError(key, () => statFile(path));
      return found === null ? null : { bytes: found.bytes };
    },
    async read(key, range) {
      const path = pathOf(key);
      const file = await orStoreError(key, () => openRegularFile(path));
      try {
        return await streamOf(file, key, range);
      } catch (error) {
        await file.close();
        throw storeError(error, key);
      }
    },
    async delete(key) {
      const path = pathOf(key);
      await orStoreError(key, async () => {
        if (await liesWithin(objects, path)) await removeIfPresent(path);
      });
    },
    async deleteAll(prefix) {
      checkPrefix(prefix);
      const path = join(objects, ...prefix.split('/'));
      await orStoreError(prefix, async () => {
        if (await liesWithin(objects, path)) await rm(path, { recursive: true, force: true, maxRetries: 3 });
      });
    },
    list(prefix) {
      checkPrefix(prefix);
      return filesBelow(join(objects, ...prefix.split('/')), prefix);
    },
    async ping() {
      await orStoreError('anything', () => checkRoom(objects, drafts));
    },
    async room() {
      const { bavail, bsize } = await orStoreError('anything', () => statfs(drafts));
      return bavail * bsize;
    },
  };
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await openRegularFile(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function orStoreError<T>(key: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw storeError(error, key);
  }
}

async function statFile(path: string): Promise<Omit<ListedObject, 'key'> | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? { bytes: found.size, modifiedAt: found.mtime } : null;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
      return null;
    }
    throw error;
  }
}

/** A stream of the file, or of the bytes `start` to `end` of it; an end beyond the last byte means the last. It closes the file. */
async function streamOf(
  file: FileHandle,
  key: string,
  range: { readonly start: number; readonly end: number } | undefined,
): Promise<Readable> {
  const found = await file.stat();
  if (range === undefined) {
    return file.createReadStream();
  }
  if (range.start < 0 || range.start > range.end || range.start >= found.size) {
    throw new ArmatureError(
      'range_not_satisfiable',
      `Expected a range within the ${found.size} bytes of ${key} but received ${range.start} to ${range.end}.`,
    );
  }
  return file.createReadStream({ start: range.start, end: range.end });
}

async function* filesBelow(folder: string, prefix: string): AsyncGenerator<ListedObject> {
  for await (const entry of await entriesOf(folder)) {
    const key = prefix + entry.name;
    if (entry.isDirectory()) {
      yield* filesBelow(join(folder, entry.name), `${key}/`);
      continue;
    }
    const found = await orStoreError(key, () => statFile(join(folder, entry.name)));
    if (found !== null) yield { key, ...found };
  }
}

/** Entry by entry, so that a folder of a million files is never in memory; a folder that is gone has none. */
async function entriesOf(folder: string): Promise<AsyncIterable<Dirent> | readonly Dirent[]> {
  try {
    return await opendir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw storeError(error, folder);
  }
}

/**
 * Whether a path names something of the store itself: what a link in the store leads to is not the store's to delete. The
 * folder of objects as a whole may be a link to another disk. A path that is not there is left to whoever asks for it.
 */
async function liesWithin(objects: string, path: string): Promise<boolean> {
  const [real, above] = await Promise.all([realpath(objects), realpath(dirname(path)).catch(() => null)]);
  return above === null || above === join(real, relative(objects, dirname(path)));
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) {
      throw error;
    }
  }
}

async function checkRoom(objects: string, drafts: string): Promise<void> {
  await access(objects, constants.R_OK | constants.W_OK);
  await access(drafts, constants.R_OK | constants.W_OK);
  const { bavail } = await statfs(drafts);
  if (bavail === 0) {
    throw new ArmatureError('storage_full', "The object store's disk is full. Make room, then try again.");
  }
}

/** Drafts of processes that were stopped in the middle. A younger one may be another process's work. */
async function removeLeftovers(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const path = join(drafts, name);
    try {
      if (Date.now() - (await stat(path)).mtimeMs > leftoverAge) {
        await unlink(path);
      }
    } catch (error) {
      // Another process may have moved or removed it meanwhile.
      if (!hasCode(error, 'ENOENT')) {
        throw error;
      }
    }
  }
}
