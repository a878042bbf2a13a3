import { ArmatureError, systemReason } from '../../errors.ts';
import { openRegularFile, SpecialFile } from '../../files/regular-file.ts';

/**
 * Reads an ordinary file, also through links. A FIFO, a device, a socket or a folder is not opened: reading one may wait for
 * ever, never end, or take what was meant for somebody else.
 *
 * @throws ArmatureError `invalid_image` that begins with `title`, such as "The picture"
 */
export async function readRegularFile(file: string, title: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const handle = await openRegularFile(file);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const reason = cause instanceof SpecialFile ? 'it is no ordinary file' : (systemReason(cause) ?? String(cause));
    throw new ArmatureError('invalid_image', `${title} ${file} cannot be read: ${reason}.`, { cause });
  }
}
