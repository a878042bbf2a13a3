/** What a TIFF file is written with; the rest is as plain as can be: one strip, no compression. */
export interface TiffOptions {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly format: number;
  /** 0 white is zero, 1 black is zero, 2 RGB. */
  readonly photometric?: number;
  readonly samples?: number;
  readonly extraSamples?: readonly number[];
  readonly compression?: number;
  readonly predictor?: number;
  readonly orientation?: number;
  readonly planar?: boolean;
  readonly bigEndian?: boolean;
  /** Rows of one strip; all of them by default. */
  readonly rowsPerStrip?: number;
  readonly tile?: { readonly width: number; readonly height: number };
  /** The chunks, as the file holds them. */
  readonly chunks: readonly Uint8Array[];
}

/** A TIFF file of one page. */
export function writeTiff(options: TiffOptions): Buffer {
  const { width, height, bits, format, samples = 1, planar = false, bigEndian = false, tile, chunks } = options;
  const pieces: Buffer[] = [];
  let end = 8;
  const put = (bytes: Uint8Array): number => {
    const at = end;
    pieces.push(Buffer.from(bytes), Buffer.alloc(bytes.length % 2));
    end += bytes.length + (bytes.length % 2);
    return at;
  };
  const number = (value: number, length: 2 | 4): Buffer => {
    const bytes = Buffer.alloc(length);
    if (bigEndian) bytes.writeUIntBE(value, 0, length);
    else bytes.writeUIntLE(value, 0, length);
    return bytes;
  };
  const offsets = chunks.map(put);
  const counts = chunks.map(({ length }) => length);
  const fields: readonly (readonly [tag: number, length: 2 | 4, values: readonly number[]])[] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 2, Array<number>(samples).fill(bits)],
    [259, 2, [options.compression ?? 1]],
    [262, 2, [options.photometric ?? (samples >= 3 ? 2 : 1)]],
    [tile === undefined ? 273 : 324, 4, offsets],
    [274, 2, [options.orientation ?? 1]],
    [277, 2, [samples]],
    ...(tile === undefined ? ([[278, 4, [options.rowsPerStrip ?? height]]] as const) : []),
    [tile === undefined ? 279 : 325, 4, counts],
    [284, 2, [planar ? 2 : 1]],
    [317, 2, [options.predictor ?? 1]],
    ...(tile === undefined
      ? []
      : ([
          [322, 4, [tile.width]],
          [323, 4, [tile.height]],
        ] as const)),
    ...(options.extraSamples === undefined ? [] : ([[338, 2, options.extraSamples]] as const)),
    [339, 2, Array<number>(samples).fill(format)],
  ];
  const entries = fields
    .toSorted((a, b) => a[0] - b[0])
    .map(([tag, length, values]) => {
      const bytes = Buffer.concat(values.map((value) => number(value, length)));
      const value = bytes.length <= 4 ? Buffer.concat([bytes, Buffer.alloc(4 - bytes.length)]) : number(put(bytes), 4);
      return Buffer.concat([number(tag, 2), number(length === 2 ? 3 : 4, 2), number(values.length, 4), value]);
    });
  const head = Buffer.concat([Buffer.from(bigEndian ? 'MM' : 'II', 'latin1'), number(42, 2), number(end, 4)]);
  return Buffer.concat([head, ...pieces, number(entries.length, 2), ...entries, Buffer.alloc(4)]);
}
