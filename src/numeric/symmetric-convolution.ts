import type { Size } from './size.ts';

/** How the values of a plane come and go; a number may carry several channels as long as their sums fit. */
export interface ConvolvedRows {
  /** Writes the values of row `y`, one a column. */
  readonly fill: (y: number, line: Float64Array) => void;
  /** Numbers a row after the pass along it: the plane's width, or more where `split` makes more. */
  readonly rowWidth: number;
  /** Takes sums along a row apart, so that those down the columns fit; without it they go on as they are. */
  readonly split?: (sums: Float64Array, row: Float64Array) => void;
  /** Reads the finished row `y`: `rowWidth` numbers. */
  readonly finish: (y: number, sums: Float64Array) => void;
}

/**
 * Convolves a plane with a symmetric kernel along its rows, then down its columns. Beyond the border the plane is mirrored
 * without repeating it. Only as many rows are held at a time as the kernel reaches.
 *
 * @param kernel from the middle outwards.
 */
export function convolveSymmetric(size: Size, kernel: Float64Array, rows: ConvolvedRows): void {
  const half = inFours(kernel);
  const reach = kernel.length - 1;
  const { width, height } = size;
  const held = Math.min(height, 2 * reach + 1);
  const ring = new Float64Array(held * rows.rowWidth);
  const along = rowPass(width, half, reach, rows);
  const above = new Int32Array(half.length);
  const below = new Int32Array(half.length);
  const sums = new Float64Array(rows.rowWidth);
  let next = 0;
  const place = (y: number): number => (mirrored(y, height) % held) * rows.rowWidth;
  for (let y = 0; y < height; y++) {
    for (; next < height && next <= y + reach; next++) {
      along(next, ring.subarray((next % held) * rows.rowWidth, ((next % held) + 1) * rows.rowWidth));
    }
    for (let k = 0; k < half.length; k++) {
      // What fills up the last group of four weighs nothing and lies anywhere.
      above[k] = k > reach ? 0 : place(y - k);
      below[k] = k > reach ? 0 : place(y + k);
    }
    weightedSums(ring, above, below, half, sums);
    rows.finish(y, sums);
  }
}

/** Sums along one row of the plane, into a row of the ring. */
function rowPass(
  width: number,
  half: Float64Array,
  reach: number,
  { fill, split }: ConvolvedRows,
): (y: number, row: Float64Array) => void {
  const margin = half.length - 1;
  const line = new Float64Array(width + 2 * margin);
  const inside = line.subarray(margin, margin + width);
  const before = new Int32Array(half.length).map((_, k) => margin - k);
  const after = new Int32Array(half.length).map((_, k) => margin + k);
  const sums = new Float64Array(width);
  return (y, row) => {
    fill(y, inside);
    for (let k = 1; k <= reach; k++) {
      line[margin - k] = inside[mirrored(-k, width)]!;
      line[margin + width - 1 + k] = inside[mirrored(width - 1 + k, width)]!;
    }
    weightedSums(line, before, after, half, sums);
    if (split === undefined) row.set(sums);
    else split(sums, row);
  };
}

/** With zeros at the end that make whole groups of four after the middle. */
function inFours(kernel: Float64Array): Float64Array {
  const half = new Float64Array(1 + Math.ceil((kernel.length - 1) / 4) * 4);
  half.set(kernel);
  return half;
}

/**
 * sums[i] = half[0] source[before[0] + i] + the sum over k > 0 of half[k] (source[before[k] + i] + source[after[k] + i]).
 * Four pairs are taken at once: that is what makes it fast.
 */
function weightedSums(
  source: Float64Array,
  before: Int32Array,
  after: Int32Array,
  half: Float64Array,
  sums: Float64Array,
): void {
  const length = sums.length;
  const middle = half[0]!;
  for (let i = 0, at = before[0]!; i < length; i++, at++) sums[i] = middle * source[at]!;
  for (let k = 1; k < half.length; k += 4) {
    const [w0, w1, w2, w3] = [half[k]!, half[k + 1]!, half[k + 2]!, half[k + 3]!];
    const [a0, a1, a2, a3] = [before[k]!, before[k + 1]!, before[k + 2]!, before[k + 3]!];
    const [b0, b1, b2, b3] = [after[k]!, after[k + 1]!, after[k + 2]!, after[k + 3]!];
    for (let i = 0; i < length; i++) {
      sums[i]! +=
        w0 * (source[a0 + i]! + source[b0 + i]!) +
        w1 * (source[a1 + i]! + source[b1 + i]!) +
        w2 * (source[a2 + i]! + source[b2 + i]!) +
        w3 * (source[a3 + i]! + source[b3 + i]!);
    }
  }
}

/** A position beyond the border, thrown back as often as needed: ... 2 1 | 0 1 2 ... */
function mirrored(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((position % period) + period) % period;
  return within < length ? within : period - within;
}
