import { rmdir } from 'node:fs/promises';
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
        // What was refused leaves no folder behind; one that holds something stays.
        if (made !== undefined) await rmdir(folder).catch(() => {});
      },
    };
  } catch (error) {
    throw error instanceof ArmatureError ? error : notWritten(folder, error);
  }
}
