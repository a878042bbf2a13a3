import { statfs } from 'node:fs/promises';
import { ArmatureError } from '../errors.ts';

/** Room that has to be left over, in bytes. */
const margin = 64 * 2 ** 20;

/** `storage_full` where `bytes` more would not fit on the disk of a folder. `what` they are of is said where it is told. */
export async function requireDiskRoom(folder: string, bytes: number, what?: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes + margin) return;
  const wanted = what === undefined ? megabytes(bytes) : `${megabytes(bytes)} of ${what}`;
  const detail = `Expected room for ${wanted} in ${folder} but there is ${megabytes(bavail * bsize)}.`;
  throw new ArmatureError('storage_full', detail);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
