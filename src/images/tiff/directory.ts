/** What the first page of a TIFF file says of itself (TIFF 6.0, sections 2 and 8; TIFF technical notes on predictors). */
export interface TiffDirectory {
  readonly bigEndian: boolean;
  /** As stored, before the orientation. */
  readonly width: number;
  readonly height: number;
  /** Of each sample of a pixel. */
  readonly bits: readonly number[];
  /** Of each sample: 1 unsigned, 2 signed, 3 floating point, 5 and 6 complex. */
  readonly formats: readonly number[];
  readonly samples: number;
  readonly compression: number;
  readonly photometric: number;
  readonly predictor: number;
  readonly fillOrder: number;
  /** Whether each sample lies in a plane of its own. */
  readonly planar: boolean;
  /** What the samples beyond the colour are: 1 alpha that colours are multiplied with, 2 alpha apart from them. */
  readonly extraSamples: readonly number[];
  readonly orientation: number;
  /** Pixels of one chunk: a tile, or a strip that is as wide as the picture. */
  readonly chunk: { readonly width: number; readonly height: number; readonly tiled: boolean };
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

const tags = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
} as const;

/** Bytes of the integer types that these tags have: BYTE, SHORT, LONG. */
const typeBytes: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 3: 2, 4: 4 };

/** Values of one tag, and samples of one pixel, that are read at most. */
const mostValues = 2 ** 20;
const mostSamples = 16;

/**
 * Reads the first directory of a TIFF file.
 *
 * @throws RangeError for one that is cut short, or that says what cannot be.
 */
export function readTiffDirectory(file: Uint8Array): TiffDirectory {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const bigEndian = bytes.toString('latin1', 0, 2) === 'MM';
  const read = (at: number, length: 1 | 2 | 4): number =>
    bigEndian ? bytes.readUIntBE(at, length) : bytes.readUIntLE(at, length);
  const start = read(4, 4);
  const entries = new Map<number, number>();
  for (let i = 0, count = read(start, 2); i < count; i++) entries.set(read(start + 2 + i * 12, 2), start + 2 + i * 12);

  const list = (tag: number): readonly number[] => {
    const at = entries.get(tag);
    if (at === undefined) return [];
    const length = typeBytes[read(at + 2, 2)];
    const count = read(at + 4, 4);
    if (length === undefined || count > mostValues) throw new RangeError(`its tag ${tag} cannot be read`);
    const from = length * count <= 4 ? at + 8 : read(at + 8, 4);
    return Array.from({ length: count }, (_, i) => read(from + i * length, length));
  };
  const one = (tag: number, otherwise: number): number => list(tag)[0] ?? otherwise;
  const [width, height] = [one(tags.width, 0), one(tags.height, 0)];
  const samples = one(tags.samples, 1);
  if (width < 1 || height < 1 || samples < 1 || samples > mostSamples) throw new RangeError('it has no sensible size');
  // A single value counts for all samples.
  const each = (values: readonly number[], otherwise: number): readonly number[] =>
    Array.from({ length: samples }, (_, i) => values[i] ?? values[0] ?? otherwise);
  const tiled = entries.has(tags.tileWidth);
  return {
    bigEndian,
    width,
    height,
    samples,
    bits: each(list(tags.bits), 1),
    formats: each(list(tags.sampleFormat), 1),
    compression: one(tags.compression, 1),
    photometric: one(tags.photometric, 1),
    predictor: one(tags.predictor, 1),
    fillOrder: one(tags.fillOrder, 1),
    planar: one(tags.planarConfiguration, 1) === 2,
    extraSamples: list(tags.extraSamples),
    orientation: one(tags.orientation, 1),
    chunk: tiled
      ? { width: one(tags.tileWidth, 0), height: one(tags.tileLength, 0), tiled }
      : { width, height: Math.min(height, one(tags.rowsPerStrip, height)), tiled },
    offsets: list(tiled ? tags.tileOffsets : tags.stripOffsets),
    byteCounts: list(tiled ? tags.tileByteCounts : tags.stripByteCounts),
  };
}
