import { constants } from 'node:fs';
import { readRegularBytes } from '../files/regular-file.ts';

/** Bytes of a picture that lies beside a model: those that people put there are small, or a picture that was drawn. */
const mostBytes = 8 * 2 ** 20;

/**
 * The bytes of the picture beside a model; null where it is gone by now, is no file of its own, or is larger than 8 MiB. What was put in its place since the folder was
 * looked at is not followed: a link may lead anywhere.
 */
export async function readPreview(path: string): Promise<Buffer | null> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
  return await readRegularBytes(path, mostBytes, flags).catch(() => null);
}
