import { setTimeout as pause } from 'node:timers/promises';
import { ArmatureError } from '../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { type FolderLock, type LockedFolder, lockFolder } from '../records/data-folder/folder-lock.ts';
import { trainingLock } from '../training/training-folder.ts';

const trainingFolder: LockedFolder = {
  file: trainingLock,
  title: 'folder of a training',
  otherwise: 'wait until it has ended',
  shared: true,
};

/** Milliseconds that the process of an earlier attempt has to notice that its parent is gone. */
const patience = 60_000;
const interval = 250;

/** Keeps others out of the folder of a training. The process of an attempt whose worker was killed may still be there for a moment. */
export async function holdWithPatience(folder: string): Promise<FolderLock> {
  await makeFolder(folder);
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await lockFolder(folder, trainingFolder);
    } catch (error) {
      const isHeld = error instanceof ArmatureError && error.code === 'data_in_use';
      if (!isHeld || performance.now() > deadline) throw error;
      await pause(interval);
    }
  }
}
