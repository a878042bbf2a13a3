import { constants, type StatsBase } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { hasCode, systemReason } from '../errors.ts';

/** What lies at a path is no regular file: it is left alone, as opening a pipe waits for ever and a device may do anything. */
export class SpecialFile extends Error {
  /** `a pipe`, `a folder` and so on. */
  readonly kind: string;

  constructor(kind: string) {
    super(`Expected a file but found ${kind}`);
    this.name = 'SpecialFile';
    this.kind = kind;
  }
}

/** A file is larger than whoever reads it takes. */
export class FileTooLarge extends Error {
  readonly mostBytes: number;

  constructor(mostBytes: number) {
    super(`Expected a file of at most ${mostBytes} bytes`);
    this.name = 'FileTooLarge';
    this.mostBytes = mostBytes;
  }
}

/**
 * Opens a regular file, for reading unless `flags` say otherwise, also through links, and waits for nobody. Throws
 * {@link SpecialFile} for anything else, without opening it, and the system's own errors. Whoever calls it closes the handle.
 */
export async function openRegularFile(path: string, flags: number = constants.O_RDONLY): Promise<FileHandle> {
  requireRegular(await stat(path));
  // What lay there a moment ago may have been replaced by a pipe.
  const handle = await open(path, flags | (constants.O_NONBLOCK ?? 0));
  try {
    requireRegular(await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The text of a regular file in UTF-8. Throws as {@link readRegularBytes}. */
export async function readRegularText(path: string, mostBytes: number): Promise<string> {
  return (await readRegularBytes(path, mostBytes)).toString('utf8');
}

/** As {@link readRegularText}; null where nothing has that name. */
export async function readTextIfThere(path: string, mostBytes: number): Promise<string | null> {
  try {
    return await readRegularText(path, mostBytes);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** All of a regular file, opened with `flags`. Throws as {@link openRegularFile}, and {@link FileTooLarge}. */
export async function readRegularBytes(path: string, mostBytes: number, flags?: number): Promise<Buffer> {
  const handle = await openRegularFile(path, flags);
  try {
    const { size } = await handle.stat();
    if (size > mostBytes) throw new FileTooLarge(mostBytes);
    // One byte more than was there: a file that grows meanwhile is not read for ever.
    const bytes = Buffer.alloc(Math.min(size, mostBytes) + 1);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
      if (filled === bytes.length) break;
    }
    return bytes.subarray(0, Math.min(filled, size));
  } finally {
    await handle.close();
  }
}

/** Why a file could not be read, to stand behind "cannot be read": what the system says, or what is there instead. */
export function reasonOf(error: unknown): string {
  if (error instanceof SpecialFile) return `it is ${error.kind}, not a file`;
  if (error instanceof FileTooLarge) return `it has more than ${error.mostBytes} bytes`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return 'it is not there';
  if (code === 'ELOOP') return 'its links lead in a circle';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  return systemReason(error) ?? code;
}

/** What a path is in words where it is no regular file; null for one. */
export function specialKind(
  found: Pick<StatsBase<unknown>, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>,
): string | null {
  if (found.isFile()) return null;
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a pipe';
  if (found.isSocket()) return 'a socket';
  return 'a device';
}

function requireRegular(found: Parameters<typeof specialKind>[0]): void {
  const kind = specialKind(found);
  if (kind !== null) throw new SpecialFile(kind);
}
