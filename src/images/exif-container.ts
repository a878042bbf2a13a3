import type { Size } from './geometry.ts';

/** Bytes that one JPEG segment can hold after its length field, less the prefix of EXIF. */
const longestJpegExif = 0xffff - 2 - 6;

/**
 * Puts an EXIF block into a JPEG, as the first segment.
 *
 * @throws RangeError where the block is longer than a segment (65527 bytes).
 */
export function insertJpegExif(jpeg: Buffer, exif: Buffer): Buffer {
  if (exif.length > longestJpegExif) {
    throw new RangeError(`Expected at most ${longestJpegExif} bytes of EXIF in a JPEG but received ${exif.length}`);
  }
  const head = Buffer.from('\xff\xd8\xff\xe1\0\0Exif\0\0', 'latin1');
  head.writeUInt16BE(2 + 6 + exif.length, 4);
  return Buffer.concat([head, exif, jpeg.subarray(2)]);
}

/** Puts an EXIF block into a simple WebP file (one VP8 or VP8L chunk, no alpha), which becomes an extended one. */
export function insertWebpExif(webp: Buffer, exif: Buffer, { width, height }: Size): Buffer {
  const extended = Buffer.alloc(10);
  extended[0] = 0x08; // the flag for EXIF
  extended.writeUIntLE(width - 1, 4, 3);
  extended.writeUIntLE(height - 1, 7, 3);
  const body = Buffer.concat([
    Buffer.from('WEBP', 'latin1'),
    riffChunk('VP8X', extended),
    webp.subarray(12),
    riffChunk('EXIF', exif),
  ]);
  return riffChunk('RIFF', body);
}

function riffChunk(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
}
