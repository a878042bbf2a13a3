import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { ArmatureError, systemReason } from '../errors.ts';

/**
 * Reads an ordinary file, also through links. A FIFO, a device, a socket or a folder is not opened: reading one may wait for
 * ever, never end, or take what was meant for somebody else.
 *
 * @throws ArmatureError `invalid_image` that begins with `title`, such as "The picture"
 */
export async function readRegularFile(file: string, title: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const handle = await openRegularFile(file, constants.O_RDONLY);
    if (handle === null) throw unreadable(file, title, 'it is no ordinary file');
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw cause instanceof ArmatureError ? cause : unreadable(file, title, systemReason(cause) ?? String(cause), cause);
  }
}

/**
 * Opens an ordinary file; null for anything else that has its name. The second look is at what was opened: another file may
 * have taken the name since the first, and `O_NONBLOCK` keeps a FIFO from holding this process up.
 */
export async function openRegularFile(file: string, flags: number): Promise<FileHandle | null> {
  if (!(await stat(file)).isFile()) return null;
  const handle = await open(file, flags | (constants.O_NONBLOCK ?? 0));
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return null;
}

function unreadable(file: string, title: string, reason: string, cause?: unknown): ArmatureError {
  return new ArmatureError('invalid_image', `${title} ${file} cannot be read: ${reason}.`, { cause });
}
