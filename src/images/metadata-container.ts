import type { Size } from '../numeric/size.ts';

/** Blocks of metadata that a picture file has a place for. */
export interface MetadataBlocks {
  /** A TIFF structure, without the prefix `Exif\0\0`. */
  readonly exif?: Uint8Array;
  /** An XMP packet in UTF-8. */
  readonly xmp?: Uint8Array;
}

/** Bytes that one JPEG segment can hold after its length field. */
const longestSegment = 0xffff - 2;

const exifPrefix = Buffer.from('Exif\0\0', 'latin1');
const xmpPrefix = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');

/**
 * Puts metadata into a JPEG, as the first segments: EXIF, then XMP (XMP specification, part 3, 1.1.3).
 *
 * @throws RangeError where a block is longer than a segment: 65527 bytes of EXIF, 65504 of XMP.
 */
export function insertJpegMetadata(jpeg: Buffer, { exif, xmp }: MetadataBlocks): Buffer {
  return Buffer.concat([
    jpeg.subarray(0, 2),
    ...(exif === undefined ? [] : [applicationSegment(exifPrefix, exif, 'EXIF')]),
    ...(xmp === undefined ? [] : [applicationSegment(xmpPrefix, xmp, 'XMP')]),
    jpeg.subarray(2),
  ]);
}

/** An APP1 segment. */
function applicationSegment(prefix: Buffer, block: Uint8Array, what: string): Buffer {
  const most = longestSegment - prefix.length;
  if (block.length > most) {
    throw new RangeError(`Expected at most ${most} bytes of ${what} in a JPEG but received ${block.length}`);
  }
  const head = Buffer.from('\xff\xe1\0\0', 'latin1');
  head.writeUInt16BE(2 + prefix.length + block.length, 2);
  return Buffer.concat([head, prefix, block]);
}

/**
 * Puts metadata into a WebP file that has none. A simple one (a single VP8 or VP8L chunk) becomes an extended one; one with
 * an alpha channel is extended already.
 */
export function insertWebpMetadata(webp: Buffer, { exif, xmp }: MetadataBlocks, size: Size): Buffer {
  const isExtended = webp.toString('latin1', 12, 16) === 'VP8X';
  const extended = isExtended ? Buffer.from(webp.subarray(20, 30)) : extendedHeader(size);
  extended[0]! |= (exif === undefined ? 0 : 0x08) | (xmp === undefined ? 0 : 0x04);
  const body = Buffer.concat([
    Buffer.from('WEBP', 'latin1'),
    riffChunk('VP8X', extended),
    webp.subarray(isExtended ? 30 : 12),
    ...(exif === undefined ? [] : [riffChunk('EXIF', exif)]),
    ...(xmp === undefined ? [] : [riffChunk('XMP ', xmp)]),
  ]);
  return riffChunk('RIFF', body);
}

/** The body of a VP8X chunk without any flag. */
function extendedHeader({ width, height }: Size): Buffer {
  const extended = Buffer.alloc(10);
  extended.writeUIntLE(width - 1, 4, 3);
  extended.writeUIntLE(height - 1, 7, 3);
  return extended;
}

function riffChunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
}
