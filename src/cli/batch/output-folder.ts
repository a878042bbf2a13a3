import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { type FolderLock, type LockedFolder, lockFolder } from '../../records/folder-lock.ts';
import { notWritten } from '../output-files.ts';

const outputFolder: LockedFolder = {
  file: 'armature-batch.lock',
  title: 'output folder',
  otherwise: 'choose another folder with -o',
  shared: true,
};

/** Makes the output folder where it is not there, and keeps other runs out of it. */
export async function takeFolder(folder: string): Promise<FolderLock> {
  try {
    await mkdir(folder, { recursive: true });
    return await lockFolder(folder, outputFolder);
  } catch (error) {
    throw error instanceof ArmatureError ? error : notWritten(folder, error);
  }
}

/**
 * Refuses an output folder that is the folder of the pictures, lies in it, or holds it: by whatever path, through links and
 * mounts, and whether or not it is there yet.
 *
 * @throws ArmatureError `invalid_request`
 */
export async function requireApart(images: string, output: string): Promise<void> {
  const [ofImages, ofOutput] = await Promise.all([identities(images), identities(output)]);
  const own = ofImages.at(0);
  if (own === undefined || own === null) return;
  const made = ofOutput.at(0) ?? null;
  if (!ofOutput.includes(own) && (made === null || !ofImages.includes(made))) return;
  const detail =
    'Expected --output to be another folder than --images, neither in it nor around it: ' +
    `${output} would mix what is drawn with the pictures of ${images}.`;
  throw new ArmatureError('invalid_request', detail);
}

/** What tells a folder and those above it from others, itself first; null in its place where it is not there. */
async function identities(folder: string): Promise<readonly (string | null)[]> {
  const found: (string | null)[] = [];
  let path = await realpath(folder).catch(() => null);
  for (let above = folder; path === null && above !== dirname(above);) {
    above = dirname(above);
    if (found.length === 0) found.push(null);
    path = await realpath(above).catch(() => null);
  }
  for (; path !== null; path = path === dirname(path) ? null : dirname(path)) {
    const { dev, ino } = await stat(path, { bigint: true });
    found.push(`${dev}:${ino}`);
  }
  return found;
}
