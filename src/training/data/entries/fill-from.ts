import type { FileHandle } from 'node:fs/promises';

/** Fills `bytes` with what lies in a file from `start` on; false where the file ends before. */
export async function fillFrom(file: FileHandle, bytes: Buffer, start: number): Promise<boolean> {
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) return false;
    filled += bytesRead;
  }
  return true;
}
