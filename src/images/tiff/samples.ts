import { decompress } from './decompress.ts';
import type { TiffDirectory } from './directory.ts';

/** Numbers as a file holds them, sample after sample and pixel after pixel, row by row. */
export type Samples = Float32Array | Float64Array;

/** Pixels of one strip or tile. */
const largestChunk = 2 ** 26;

/** Bytes of all of them when they are decompressed. Padding of tiles may be more than the picture, but not without end. */
const mostBytes = 2 ** 30;

/**
 * All samples of the first page, not scaled. Float32 holds them exactly where they have up to 24 bits or are floats.
 *
 * @throws RangeError where chunks are missing, cut short or damaged.
 */
export function readSamples(file: Uint8Array, directory: TiffDirectory): Samples {
  const { width, height, samples, planar, chunk } = directory;
  const chunkPixels = chunk.width * chunk.height;
  if (chunkPixels < 1 || chunkPixels > largestChunk) throw new RangeError('its chunks have no sensible size');
  const [bits, format] = [directory.bits[0]!, directory.formats[0]!];
  const across = Math.ceil(width / chunk.width);
  const down = Math.ceil(height / chunk.height);
  const perPixel = planar ? 1 : samples;
  const planes = planar ? samples : 1;
  const rowBytes = Math.ceil((chunk.width * perPixel * bits) / 8);
  if (rowBytes * chunk.height * across * down * planes > mostBytes) {
    throw new RangeError('its chunks have no sensible size');
  }
  const wide = bits > 32 || (bits > 24 && format !== 3);
  const values: Samples = wide
    ? new Float64Array(width * height * samples)
    : new Float32Array(width * height * samples);
  for (let plane = 0; plane < planes; plane++) {
    for (let number = 0; number < across * down; number++) {
      const left = (number % across) * chunk.width;
      const top = Math.floor(number / across) * chunk.height;
      const rows = Math.min(chunk.height, height - top);
      const columns = Math.min(chunk.width, width - left);
      const bytes = chunkBytes(file, directory, plane * across * down + number, rowBytes, rowBytes * rows);
      const sample = sampleReader(bytes, bits, format, undoPrediction(bytes, directory, rowBytes, rows, perPixel));
      for (let row = 0; row < rows; row++) {
        let to = ((top + row) * width + left) * samples + plane;
        const rowStart = row * rowBytes * 8;
        for (let i = 0; i < columns * perPixel; i++, to += planar ? samples : 1) {
          values[to] = sample(rowStart + i * bits);
        }
      }
    }
  }
  return values;
}

/** A copy of a chunk's first `length` bytes: it is changed in place afterwards. */
function chunkBytes(
  file: Uint8Array,
  { offsets, byteCounts, compression, chunk }: TiffDirectory,
  index: number,
  rowBytes: number,
  length: number,
): Uint8Array {
  const [offset, count] = [offsets[index], byteCounts[index]];
  if (offset === undefined || count === undefined || offset + count > file.byteLength) {
    throw new RangeError('it ends early');
  }
  const bytes = decompress(file.subarray(offset, offset + count), compression, rowBytes * chunk.height);
  // A strip at the lower edge may hold the rows alone that are left.
  if (bytes.length < length) throw new RangeError('it ends early');
  return Uint8Array.from(bytes.subarray(0, length));
}

/** Undoes the predictor in place; returns the byte order that samples have then. */
function undoPrediction(
  bytes: Uint8Array,
  { predictor, bits, bigEndian }: TiffDirectory,
  rowBytes: number,
  rows: number,
  perPixel: number,
): 'big' | 'little' {
  const order = bigEndian ? 'big' : 'little';
  const sampleBytes = bits[0]! / 8;
  if (predictor === 2) {
    for (let row = 0; row < rows; row++)
      undoDifferences(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), sampleBytes, perPixel, order);
    return order;
  }
  if (predictor !== 3) return order;
  for (let row = 0; row < rows; row++) {
    const line = bytes.subarray(row * rowBytes, (row + 1) * rowBytes);
    for (let i = perPixel; i < line.length; i++) line[i] = (line[i]! + line[i - perPixel]!) & 255;
    // The highest bytes of all samples of the row stand first, then the next ones.
    const planes = Uint8Array.from(line);
    const count = line.length / sampleBytes;
    for (let i = 0; i < count; i++) {
      for (let byte = 0; byte < sampleBytes; byte++) line[i * sampleBytes + byte] = planes[byte * count + i]!;
    }
  }
  return 'big';
}

/** Each sample is the sum of those before it in its row, modulo its size: whatever it stands for, it is added as an integer. */
function undoDifferences(line: Uint8Array, size: number, perPixel: number, order: 'big' | 'little'): void {
  for (let at = size * perPixel; at + size <= line.length; at += size) {
    let carry = 0;
    for (let byte = 0; byte < size; byte++) {
      const index = at + (order === 'little' ? byte : size - 1 - byte);
      const sum = line[index]! + line[index - size * perPixel]! + carry;
      line[index] = sum & 255;
      carry = sum >> 8;
    }
  }
}

/** Reads the sample that begins at a bit. */
function sampleReader(
  bytes: Uint8Array,
  bits: number,
  format: number,
  order: 'big' | 'little',
): (bit: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = order === 'little';
  switch (`${format}:${bits}`) {
    case '1:8':
      return (bit) => view.getUint8(bit >> 3);
    case '1:16':
      return (bit) => view.getUint16(bit / 8, little);
    case '1:32':
      return (bit) => view.getUint32(bit / 8, little);
    case '1:64':
      return (bit) => Number(view.getBigUint64(bit / 8, little));
    case '2:8':
      return (bit) => view.getInt8(bit / 8);
    case '2:16':
      return (bit) => view.getInt16(bit / 8, little);
    case '2:32':
      return (bit) => view.getInt32(bit / 8, little);
    case '2:64':
      return (bit) => Number(view.getBigInt64(bit / 8, little));
    case '3:16':
      return (bit) => halfFloat(view.getUint16(bit / 8, little));
    case '3:32':
      return (bit) => view.getFloat32(bit / 8, little);
    case '3:64':
      return (bit) => view.getFloat64(bit / 8, little);
    default:
      // Unsigned samples that need not begin at a byte, the highest bit first.
      return (bit) => {
        let value = 0;
        for (let i = bit; i < bit + bits; i++) value = value * 2 + ((bytes[i >> 3]! >> (7 - (i & 7))) & 1);
        return value;
      };
  }
}

/** IEEE 754 binary16. */
function halfFloat(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
