import type { Size } from './size.ts';

/**
 * 8-bit values at a smaller size, each the average of the area that it covers, rounded half to even, or half up where just
 * 2x2 values are averaged: cv2.resize(values, to, interpolation=INTER_AREA).
 *
 * @param values from.width x from.height pixels of `channels` values each.
 * @param to at most as large as `from` on each side.
 */
export function averageArea(values: Uint8Array, from: Size, to: Size, channels: number): Uint8Array {
  const horizontal = from.width / to.width;
  const vertical = from.height / to.height;
  return Number.isInteger(horizontal) && Number.isInteger(vertical)
    ? averageBlocks(values, to, channels, horizontal, vertical)
    : averageShares(values, from, to, channels);
}

/** Where each target covers a block of whole pixels: sums of integers. */
function averageBlocks(
  values: Uint8Array,
  { width, height }: Size,
  channels: number,
  horizontal: number,
  vertical: number,
): Uint8Array {
  const length = width * horizontal * channels;
  const sums = new Int32Array(length);
  // Rounds half to even when it is filled.
  const out = new Uint8ClampedArray(width * height * channels);
  const count = horizontal * vertical;
  const bias = horizontal === 2 && vertical === 2 ? 0.125 : 0;
  let to = 0;
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    const end = (y + 1) * vertical;
    let row = y * vertical;
    for (; row + 4 <= end; row += 4) addFourRows(values, row * length, sums);
    for (; row < end; row++) addRow(values, row * length, sums);
    for (let x = 0; x < length; x += horizontal * channels) {
      for (let channel = x; channel < x + channels; channel++) {
        let sum = 0;
        for (let at = channel; at < channel + horizontal * channels; at += channels) sum += sums[at]!;
        out[to++] = sum / count + bias;
      }
    }
  }
  return new Uint8Array(out.buffer);
}

function addRow(values: Uint8Array, offset: number, sums: Int32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += values[offset + i]!;
}

function addFourRows(values: Uint8Array, offset: number, sums: Int32Array): void {
  const length = sums.length;
  for (let i = 0, at = offset; i < length; i++, at++) {
    sums[i]! += values[at]! + values[at + length]! + values[at + 2 * length]! + values[at + 3 * length]!;
  }
}

/** Where targets cover parts of pixels. */
function averageShares(values: Uint8Array, from: Size, to: Size, channels: number): Uint8Array {
  const columns = coverage(from.width, to.width);
  const rows = coverage(from.height, to.height);
  const out = new Uint8ClampedArray(to.width * to.height * channels);
  const line = new Float64Array(from.width * channels);
  const narrowed = new Float64Array(to.width * channels);
  for (let y = 0; y < to.height; y++) {
    averageRows(values, rows, y, line);
    narrow(line, columns, channels, narrowed);
    // Sums of shares miss whole numbers and halves by their last bits.
    for (let i = 0, at = y * narrowed.length; i < narrowed.length; i++)
      out[at++] = Math.round(narrowed[i]! * 1024) / 1024;
  }
  return new Uint8Array(out.buffer);
}

/** Per target position the source positions that it covers, the part of the first and the last, and of those between. */
interface Coverage {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly firstWeight: Float64Array;
  readonly lastWeight: Float64Array;
  readonly weight: number;
}

function coverage(length: number, target: number): Coverage {
  const scale = length / target;
  const cover = {
    first: new Int32Array(target),
    count: new Int32Array(target),
    firstWeight: new Float64Array(target),
    lastWeight: new Float64Array(target),
    weight: 1 / scale,
  };
  for (let i = 0; i < target; i++) {
    const [start, end] = [i * scale, Math.min((i + 1) * scale, length)];
    const first = Math.floor(start + tiny);
    const last = Math.max(first, Math.ceil(end - tiny) - 1);
    cover.first[i] = first;
    cover.count[i] = last - first + 1;
    cover.firstWeight[i] = first === last ? 1 : Math.min(1, first + 1 - start) / scale;
    cover.lastWeight[i] = first === last ? 1 : Math.min(1, end - last) / scale;
  }
  return cover;
}

/** Shares of a pixel below this come from rounding. */
const tiny = 1e-3;

function weightAt({ first, count, firstWeight, lastWeight, weight }: Coverage, target: number, source: number): number {
  if (source === first[target]!) return firstWeight[target]!;
  return source === first[target]! + count[target]! - 1 ? lastWeight[target]! : weight;
}

/** The rows that target row `y` covers, averaged into one. */
function averageRows(values: Uint8Array, rows: Coverage, y: number, line: Float64Array): void {
  const first = rows.first[y]!;
  const end = first + rows.count[y]!;
  line.fill(0);
  for (let row = first; row < end; row++) {
    const weight = weightAt(rows, y, row);
    for (let i = 0, at = row * line.length; i < line.length; i++) line[i]! += weight * values[at++]!;
  }
}

/** One row averaged along itself. */
function narrow(line: Float64Array, columns: Coverage, channels: number, out: Float64Array): void {
  const { first, count, firstWeight, lastWeight, weight } = columns;
  for (let x = 0; x < first.length; x++) {
    const start = first[x]! * channels;
    const last = start + (count[x]! - 1) * channels;
    for (let channel = 0; channel < channels; channel++) {
      let middle = 0;
      for (let at = start + channels; at < last; at += channels) middle += line[at + channel]!;
      const ends = last === start ? 0 : lastWeight[x]! * line[last + channel]!;
      out[x * channels + channel] = firstWeight[x]! * line[start + channel]! + weight * middle + ends;
    }
  }
}
