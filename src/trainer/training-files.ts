import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { hasCode } from '../errors.ts';
import { trainingLock } from '../training/training-folder.ts';

/** What a training works with: it can be made again, but for its checkpoints. */
export const workFolder = 'work';

/** The files of a training's folder by their paths below it, with slashes; without what it works with and what is half written. */
export async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
    .filter((name) => !name.startsWith(`${workFolder}/`) && name !== trainingLock && !name.endsWith('.part'))
    .toSorted();
}

/** The best weights that a training has seen, where it has: by their paths below its folder. */
export async function bestOf(folder: string): Promise<readonly string[]> {
  const own = join(folder, workFolder, 'best');
  try {
    return (await filesOf(own)).map((name) => `${workFolder}/best/${name}`);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
