import { isKnownCompression } from './decompress.ts';
import { readTiffDirectory, type TiffDirectory } from './directory.ts';
import { readSamples, type Samples } from './samples.ts';

/** RGB or RGBA of 8 bits, colours not multiplied with alpha, upright. */
export interface ScaledTiff {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/** A TIFF file that cannot be made a picture, with the reason: what follows "because". */
export class UnscaledTiff extends Error {}

/** Samples that one picture may hold at once. */
const mostSamples = 2 ** 26;
const photometric = { whiteIsZero: 0, blackIsZero: 1, rgb: 2 } as const;
const formatNames: Readonly<Record<number, string>> = { 1: 'unsigned', 2: 'signed', 3: 'floating-point' };

/**
 * The directory of a TIFF file whose samples the general decoder clips, scales wrongly or does not read at all: floats,
 * signed integers, and integers of other sizes than 8 and 16 bits. Null for all others, and where it cannot be read.
 */
export function unusualTiff(file: Uint8Array): TiffDirectory | null {
  let directory: TiffDirectory;
  try {
    directory = readTiffDirectory(file);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  const { bits, formats, samples, photometric: kind } = directory;
  // 4 is "undefined", which everybody reads as unsigned.
  const unsigned = formats.every((format) => format === 1 || format === 4);
  const bytes = bits.every((count) => count === 8 || count === 16);
  if (unsigned && (bytes || (samples === 1 && [1, 2, 4].includes(bits[0]!)))) return null;
  // Lab has signed samples by its definition.
  if (kind > photometric.rgb && bytes && !formats.includes(3)) return null;
  return directory;
}

/** Pixels of an unusual TIFF, upright. */
export function uprightSize({ width, height, orientation }: TiffDirectory): {
  readonly width: number;
  readonly height: number;
} {
  return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
}

/**
 * Scales the samples of an unusual TIFF to 8 bits: the whole range of an unsigned integer, the half from 0 on of a signed
 * one, floats from 0 to 1, or from 0 to exactly 255. Anything else could mean one picture or another.
 *
 * @throws UnscaledTiff with the reason.
 */
export function scaleTiff(file: Uint8Array, directory: TiffDirectory): ScaledTiff {
  refuseUnreadable(directory);
  let values: Samples;
  try {
    values = readSamples(file, directory);
  } catch (error) {
    throw new UnscaledTiff(error instanceof RangeError ? error.message : 'its compressed data is damaged', {
      cause: error,
    });
  }
  return paint(values, directory, whiteOf(values, directory));
}

function refuseUnreadable(directory: TiffDirectory): void {
  const { bits, formats, samples, compression, photometric: kind, predictor, fillOrder, width, height } = directory;
  const [size, format] = [bits[0]!, formats[0]!];
  const name = `${size}-bit ${formatNames[format] ?? 'complex'} samples`;
  if (bits.some((each) => each !== size) || formats.some((each) => each !== format)) {
    throw new UnscaledTiff('its samples differ in size or kind');
  }
  const known =
    format === 1
      ? size <= 32 || size === 64
      : format === 2
        ? [8, 16, 32, 64].includes(size)
        : format === 3 && [16, 32, 64].includes(size);
  if (!known) throw new UnscaledTiff(`${name} are not read`);
  const colours = kind === photometric.rgb ? 3 : 1;
  if (kind > photometric.rgb || samples < colours) throw new UnscaledTiff(`${name} are read as grey or RGB only`);
  if (!isKnownCompression(compression)) throw new UnscaledTiff(`${name} are not read with compression ${compression}`);
  const predicted = predictor === 1 || (predictor === 2 && size % 8 === 0) || (predictor === 3 && format === 3);
  if (!predicted || fillOrder !== 1)
    throw new UnscaledTiff(`${name} are not read with predictor ${predictor} and fill order ${fillOrder}`);
  if (width * height * samples > mostSamples) {
    throw new UnscaledTiff(
      `${width} x ${height} pixels of ${samples} ${name} are too many; ${mostSamples} samples are read`,
    );
  }
}

/** The value that is white; alpha is counted like colours. */
function whiteOf(values: Samples, { bits, formats }: TiffDirectory): number {
  const [size, format] = [bits[0]!, formats[0]!];
  if (format === 1) return 2 ** size - 1;
  let [lowest, highest] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value))
      throw new UnscaledTiff('it holds values that are not finite numbers (NaN or infinite)');
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  if (format === 2) {
    if (lowest >= 0) return 2 ** (size - 1) - 1;
    throw new UnscaledTiff(
      `its signed values begin at ${lowest}, below 0: shift them, or save it as unsigned integers`,
    );
  }
  if (lowest >= 0 && highest <= 1) return 1;
  if (lowest >= 0 && highest === 255) return 255;
  const range = `${Number(lowest.toPrecision(6))} to ${Number(highest.toPrecision(6))}`;
  throw new UnscaledTiff(
    `its floating-point values go from ${range}, and what is black and what is white among them is not said: scale them to ` +
      '0 to 1 (near is 1 in a depth map), or save it as 8 or 16 bit',
  );
}

function paint(values: Samples, directory: TiffDirectory, white: number): ScaledTiff {
  const { samples, photometric: kind, extraSamples } = directory;
  const colours = kind === photometric.rgb ? 3 : 1;
  const alphaKind = samples > colours ? (extraSamples[0] ?? 0) : 0;
  const hasAlpha = alphaKind === 1 || alphaKind === 2;
  const channels = hasAlpha ? 4 : 3;
  const { width, height } = uprightSize(directory);
  const data = new Uint8Array(width * height * channels);
  const place = placeOf(directory);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const from = place(x, y) * samples;
      const alpha = hasAlpha ? values[from + colours]! / white : 1;
      for (let channel = 0; channel < 3; channel++) {
        const share = values[from + (colours === 3 ? channel : 0)]! / white;
        const level = kind === photometric.whiteIsZero ? 1 - share : share;
        // Colours that are multiplied with alpha are divided by it: whatever comes next multiplies them again.
        const plain = alphaKind === 1 ? (alpha === 0 ? 0 : Math.min(1, level / alpha)) : level;
        data[to + channel] = Math.round(plain * 255);
      }
      if (hasAlpha) data[to + 3] = Math.round(alpha * 255);
    }
  }
  return { width, height, channels, data };
}

/** Where a pixel of the upright picture lies in the stored one, by the eight orientations of TIFF and EXIF. */
function placeOf({ width, height, orientation }: TiffDirectory): (x: number, y: number) => number {
  const [right, bottom] = [width - 1, height - 1];
  switch (orientation) {
    case 2:
      return (x, y) => y * width + right - x;
    case 3:
      return (x, y) => (bottom - y) * width + right - x;
    case 4:
      return (x, y) => (bottom - y) * width + x;
    case 5:
      return (x, y) => x * width + y;
    case 6:
      return (x, y) => (bottom - x) * width + y;
    case 7:
      return (x, y) => (bottom - x) * width + right - y;
    case 8:
      return (x, y) => x * width + right - y;
    default:
      return (x, y) => y * width + x;
  }
}
