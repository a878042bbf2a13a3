import { stat } from 'node:fs/promises';
import { ArmatureError } from '../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { type FolderLock, type LockedFolder, lockFolder } from '../../records/data-folder/folder-lock.ts';
import { notWritten } from '../files/output-files.ts';

const outputFolder: LockedFolder = {
  file: 'armature-batch.lock',
  title: 'output folder',
  otherwise: 'choose another folder with -o',
  shared: true,
};

/** Makes the output folder where it is not there, and keeps other runs out of it. */
export async function takeFolder(folder: string): Promise<FolderLock> {
  try {
    await makeFolder(folder);
    return await lockFolder(folder, outputFolder);
  } catch (error) {
    throw error instanceof ArmatureError ? error : notWritten(folder, error);
  }
}

/**
 * Refuses an output folder that is the folder of the pictures, by whatever path, through links and mounts. One within the other
 * is nobody's loss: folders in the folder of pictures are not looked into.
 *
 * @throws ArmatureError `invalid_request`
 */
export async function requireApart(images: string, output: string): Promise<void> {
  const [ofImages, ofOutput] = await Promise.all([identity(images), identity(output)]);
  if (ofImages === null || ofImages !== ofOutput) return;
  const detail =
    'Expected --output to be another folder than --images: ' +
    `${output} would mix what is drawn with the pictures of ${images}.`;
  throw new ArmatureError('invalid_request', detail);
}

/** What tells a folder from others; null where it is not there. */
async function identity(folder: string): Promise<string | null> {
  const found = await stat(folder, { bigint: true }).catch(() => null);
  return found === null ? null : `${found.dev}:${found.ino}`;
}
