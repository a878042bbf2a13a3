import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../errors.ts';

/** How often it is tried again where somebody deletes the folder above meanwhile. */
const mostAttempts = 5;

/**
 * Makes a folder and those above it, where they are not there. Returns the first that had to be made, undefined where none had.
 * Node's own `recursive` never ends where a folder is there in which none can be made, as in /proc: the system says of it that it
 * is not there. Throws the system's own errors.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  let first: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(path);
      return first ?? path;
    } catch (error) {
      if (await isFolder(path)) return first;
      if (!hasCode(error, 'ENOENT') || dirname(path) === path || attempt === mostAttempts) throw error;
    }
    const above = await makeFolder(dirname(path));
    first ??= above;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
