import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { ArmatureError } from '../../../errors.ts';
import { show } from '../../../text/show.ts';
import type { SetEntries } from '../contract/entry.ts';
import { invalidSet, tooLarge } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import { EntryCollection } from './collect.ts';
import { fillFrom } from './fill-from.ts';
import { isClutter } from './names.ts';

/**
 * The files of a zip, each read where it lies when it is wanted; nothing is unpacked. Sizes are those that the zip's directory states, to
 * which what comes out is held.
 *
 * @throws ArmatureError `invalid_set` for links, encrypted files and compressions that are not read, and where a limit is passed.
 */
export async function zipEntries(file: FileHandle, limits: SetLimits): Promise<SetEntries> {
  const { size } = await file.stat();
  const found = new EntryCollection(limits);
  const zip = await explained(() =>
    fromRandomAccessReaderPromise(new FileReader(file), size, { lazyEntries: true, autoClose: false }),
  );
  if (zip.entryCount > limits.entries) found.pass(zip.entryCount);
  const entries = zip.eachEntry()[Symbol.asyncIterator]();
  for (;;) {
    const next = await explained(() => entries.next());
    if (next.done === true) break;
    const entry: Entry = next.value;
    if (entry.fileName.endsWith('/')) found.pass();
    else {
      if (!isClutter(entry.fileName)) requireReadable(entry);
      found.add(entry.fileName, entry.uncompressedSize, async (mostBytes) => await readEntry(zip, entry, mostBytes));
    }
  }
  return found.whole(async () => zip.close());
}

/** The zip's own file. */
class FileReader extends RandomAccessReader {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    callbackify(async () => await this.#fill(buffer.subarray(offset, offset + length), position))(callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end));
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; at += pieceBytes) {
      const piece = Buffer.alloc(Math.min(pieceBytes, end - at));
      await this.#fill(piece, at);
      yield piece;
    }
  }

  async #fill(bytes: Buffer, start: number): Promise<void> {
    if (!(await fillFrom(this.#file, bytes, start))) throw new Error('it ends before what its directory names');
  }
}

/** Bytes that are read at once. */
const pieceBytes = 2 ** 18;

const typeMask = 0o170000;
const [link, regular] = [0o120000, 0o100000];
/** The systems of a zip's maker whose attributes hold a file's type: Unix, and macOS by a number of its own. */
const unixes: ReadonlySet<number> = new Set([3, 19]);

function requireReadable(entry: Entry): void {
  const name = show(entry.fileName);
  const type = unixes.has(entry.versionMadeBy >> 8) ? (entry.externalFileAttributes >>> 16) & typeMask : 0;
  if (type === link) throw invalidSet(`Expected files but ${name} is a link: pack the file itself.`);
  if (type !== 0 && type !== regular)
    throw invalidSet(`Expected files but ${name} is a pipe or a device: leave it out.`);
  if (entry.isEncrypted()) throw invalidSet(`Expected a zip without a password but ${name} is encrypted.`);
  if (!entry.canDecodeFileData()) {
    throw invalidSet(
      `Expected files that are stored or deflated but ${name} is compressed by method ${entry.compressionMethod}: pack it with "deflate".`,
    );
  }
}

async function readEntry(zip: ZipFile, entry: Entry, mostBytes: number): Promise<Buffer> {
  const { fileName: name, uncompressedSize: bytes } = entry;
  if (bytes > mostBytes) throw tooLarge(name, mostBytes);
  return await explained(async () => {
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    const whole = Buffer.concat(pieces);
    if (crc32(whole) !== entry.crc32) throw new Error(`the checksum of ${show(name)} is another one`);
    return whole;
  });
}

async function explained<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ArmatureError || !(error instanceof Error)) throw error;
    const reason = error.message.split('\n')[0]!.slice(0, 300);
    throw invalidSet(`The zip is damaged or cut short: ${reason}. Pack it anew.`, { cause: error });
  }
}
