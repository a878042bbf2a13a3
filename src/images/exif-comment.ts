/**
 * An EXIF block (TIFF structure, big endian) that holds one user comment in UTF-16: IFD0 with a pointer to the Exif IFD,
 * there tag UserComment with the character code "UNICODE" (Exif 2.32, 4.6.5).
 */
export function exifComment(comment: string): Buffer {
  const value = Buffer.concat([Buffer.from('UNICODE\0', 'latin1'), Buffer.from(comment, 'utf16le').swap16()]);
  const head = Buffer.alloc(valueOffset);
  head.write('MM\0*', 0, 'latin1');
  head.writeUInt32BE(imageDirectory, 4);
  writeDirectory(head, imageDirectory, { tag: exifPointer, type: 4, count: 1, value: exifDirectory });
  writeDirectory(head, exifDirectory, { tag: userComment, type: 7, count: value.length, value: valueOffset });
  return Buffer.concat([head, value]);
}

/** The user comment of an EXIF block (without the prefix `Exif\0\0`); undefined where there is none or it is damaged. */
export function readExifComment(block: Uint8Array): string | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const order = bytes.toString('latin1', 0, 4);
  if (order !== 'MM\0*' && order !== 'II*\0') return undefined;
  const bigEndian = order === 'MM\0*';
  try {
    const image = findEntry(bytes, bigEndian, readUInt32(bytes, bigEndian, 4), exifPointer);
    const entry = image && findEntry(bytes, bigEndian, image.value, userComment);
    if (entry === undefined || entry.value + entry.count > bytes.length) return undefined;
    return decodeComment(bytes.subarray(entry.value, entry.value + entry.count), bigEndian);
  } catch (error) {
    // An offset that points out of the block.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const exifPointer = 0x8769;
const userComment = 0x9286;
const directoryLength = 2 + 12 + 4;
const imageDirectory = 8;
const exifDirectory = imageDirectory + directoryLength;
const valueOffset = exifDirectory + directoryLength;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: number;
}

/** An image file directory of a single entry and no successor. */
function writeDirectory(bytes: Buffer, at: number, { tag, type, count, value }: Entry): void {
  bytes.writeUInt16BE(1, at);
  bytes.writeUInt16BE(tag, at + 2);
  bytes.writeUInt16BE(type, at + 4);
  bytes.writeUInt32BE(count, at + 6);
  bytes.writeUInt32BE(value, at + 10);
}

function findEntry(bytes: Buffer, bigEndian: boolean, at: number, tag: number): Entry | undefined {
  const count = readUInt16(bytes, bigEndian, at);
  for (let i = 0; i < count; i++) {
    const entry = at + 2 + i * 12;
    if (readUInt16(bytes, bigEndian, entry) !== tag) continue;
    return {
      tag,
      type: readUInt16(bytes, bigEndian, entry + 2),
      count: readUInt32(bytes, bigEndian, entry + 4),
      value: readUInt32(bytes, bigEndian, entry + 8),
    };
  }
  return undefined;
}

function decodeComment(value: Buffer, bigEndian: boolean): string | undefined {
  const body = value.subarray(8);
  switch (value.toString('latin1', 0, 8)) {
    case 'UNICODE\0': {
      const even = Buffer.from(body.subarray(0, body.length & ~1));
      return (bigEndian ? even.swap16() : even).toString('utf16le');
    }
    case 'ASCII\0\0\0':
      return body.toString('latin1', 0, body.findLastIndex((byte) => byte !== 0) + 1);
    default:
      return undefined;
  }
}

function readUInt16(bytes: Buffer, bigEndian: boolean, at: number): number {
  return bigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
}

function readUInt32(bytes: Buffer, bigEndian: boolean, at: number): number {
  return bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
}
