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
    await makeFolder(folder);
    return await lockFolder(folder, trainingFolder);
  } catch (error) {
    throw error instanceof ArmatureError ? error : notWritten(folder, error);
  }
}
