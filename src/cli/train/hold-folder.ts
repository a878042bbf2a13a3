import { rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { type FolderLock, type LockedFolder, lockFolder } from '../../records/data-folder/folder-lock.ts';
import { trainingLock } from '../../training/training-folder.ts';
import { notWritten } from '../files/output-files.ts';

const trainingFolder: LockedFolder = {
  file: trainingLock,
  title: 'output folder',
  otherwise: 'choose another folder with -o',
  shared: true,
};

/** Makes the folder of a training where it is not there, and keeps other commands out of it. */
export async function holdFolder(folder: string): Promise<FolderLock> {
  try {
    const made = await makeFolder(folder);
    const lock = await lockFolder(folder, trainingFolder);
    return {
      async release() {
        await lock.release();
        if (made !== undefined) await removeEmpty(resolve(folder), resolve(made));
      },
    };
  } catch (error) {
    throw error instanceof ArmatureError ? error : notWritten(folder, error);
  }
}

/** What was refused leaves no folder behind, from the folder itself up to the first that was made; those that hold something stay. */
async function removeEmpty(folder: string, first: string): Promise<void> {
  try {
    for (let current = folder; ; current = dirname(current)) {
      await rmdir(current);
      if (current === first) return;
    }
  } catch {
    // Not empty, or gone.
  }
}
