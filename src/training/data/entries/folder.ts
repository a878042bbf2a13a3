import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileTooLarge, readRegularBytes, reasonOf, specialKind } from '../../../files/regular-file.ts';
import { show } from '../../../text/show.ts';
import { invalidSet, tooLarge } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import { EntryCollection } from './collect.ts';
import type { SetEntries } from '../contract/entry.ts';
import { isClutter } from './names.ts';

/**
 * The files of a folder and of those in it. Links to files are followed, as the caches of hubs are made of them; links to folders
 * are not, as they may lead in a circle.
 *
 * @throws ArmatureError `invalid_set` for links to folders, pipes, sockets and devices, and where a limit is passed.
 */
export async function folderEntries(root: string, limits: SetLimits): Promise<SetEntries> {
  const found = new EntryCollection(limits);
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const prefix = folder === '' ? '' : `${folder}/`;
    for await (const { name: own, ...entry } of await list(join(root, folder), folder)) {
      const name = prefix + own;
      if (entry.isDirectory) {
        if (!isClutter(name)) folders.push(name);
        continue;
      }
      const path = join(root, name);
      const { size, ...facts } = await factsOf(path, name);
      if (facts.kind !== null && !isClutter(name)) {
        const what = facts.kind === 'a folder' ? 'a link to a folder' : facts.kind;
        throw invalidSet(`Expected files and folders but ${show(name)} is ${what}: put the files themselves there.`);
      }
      found.add(name, size, async (mostBytes) => await readFile(path, name, mostBytes));
    }
  }
  return found.whole(async () => undefined);
}

async function list(
  path: string,
  name: string,
): Promise<AsyncIterable<{ readonly name: string; readonly isDirectory: boolean }>> {
  try {
    const folder = await opendir(path);
    return (async function* () {
      for await (const entry of folder) yield { name: entry.name, isDirectory: entry.isDirectory() };
    })();
  } catch (error) {
    throw invalidSet(`The folder ${show(name === '' ? path : name)} cannot be read: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

async function factsOf(path: string, name: string): Promise<{ readonly size: number; readonly kind: string | null }> {
  try {
    const found = await stat(path);
    return { size: found.size, kind: specialKind(found) };
  } catch (error) {
    throw invalidSet(`The file ${show(name)} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

async function readFile(path: string, name: string, mostBytes: number): Promise<Buffer> {
  try {
    return await readRegularBytes(path, mostBytes);
  } catch (error) {
    if (error instanceof FileTooLarge) throw tooLarge(name, mostBytes);
    throw invalidSet(`The file ${show(name)} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}
