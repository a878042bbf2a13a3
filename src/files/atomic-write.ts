import { randomUUID } from 'node:crypto';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../errors.ts';
import { makeFolder } from './make-folder.ts';

/**
 * Writes a file so that a reader sees all of it or nothing, also after the machine was stopped in the middle: to `draft`, on
 * the same file system, then by rename; bytes and folder entries are on the disk when it resolves. What is large may come in pieces.
 */
export async function writeAtomically(
  path: string,
  draft: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  try {
    await writeSynced(draft, bytes);
    await moveInto(path, draft);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** The same beside a draft of its own, in place of a file that is there. */
export async function writeAnew(path: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  await writeAtomically(path, `${path}.${randomUUID()}.part`, bytes);
}

/** Writes a file where nothing has its name; its bytes are on the disk when it resolves. */
export async function writeSynced(path: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives a file or a folder its name, in place of a file that is there; the folder entries are on the disk when it resolves. */
export async function moveInto(path: string, draft: string): Promise<void> {
  const folder = dirname(path);
  for (let attempt = 1; ; attempt += 1) {
    const firstMade = await makeFolder(folder);
    try {
      await rename(draft, path);
    } catch (error) {
      // Someone may have deleted the folder between the two steps.
      if (attempt < 3 && hasCode(error, 'ENOENT')) {
        continue;
      }
      throw error;
    }
    // A folder that is new is an entry in the one above, and so on up to one that was there.
    const last = firstMade === undefined ? folder : dirname(firstMade);
    for (let current = folder; ; current = dirname(current)) {
      await syncFolder(current);
      if (current === last || current === dirname(current)) {
        return;
      }
    }
  }
}

/** Has the entries of a folder on the disk when it resolves. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    // Windows opens no folders; and one that is gone has nothing to keep.
    if (!hasCode(error, 'EPERM', 'EISDIR', 'EINVAL', 'ENOENT')) {
      throw error;
    }
  }
}
