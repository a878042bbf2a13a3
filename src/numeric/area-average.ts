import type { PlaneSize } from './resample.ts';
import { roundHalfToEven } from './round-half-to-even.ts';

/**
 * 8-bit values at a smaller size, each the average of the area that it covers, rounded half to even, or half up where just
 * 2x2 values are averaged: cv2.resize(values, to, interpolation=INTER_AREA).
 *
 * @param values from.width x from.height pixels of `channels` values each.
 * @param to at most as large as `from` on each side.
 */
export function averageArea(values: Uint8Array, from: PlaneSize, to: PlaneSize, channels: number): Uint8Array {
  const columns = coverage(from.width, to.width);
  const rows = coverage(from.height, to.height);
  const round = from.width === 2 * to.width && from.height === 2 * to.height ? roundHalfUp : roundHalfToEven;
  const length = to.width * channels;
  const out = new Uint8Array(length * to.height);
  const sums = new Float64Array(length);
  const narrowed = new Float64Array(length);
  for (let y = 0; y < to.height; y++) {
    sums.fill(0);
    const end = rows.first[y]! + rows.count[y]!;
    for (let source = rows.first[y]!; source < end; source++) {
      narrow(values, source * from.width * channels, columns, channels, narrowed);
      const weight = weightAt(rows, y, source);
      for (let i = 0; i < length; i++) sums[i]! += weight * narrowed[i]!;
    }
    for (let i = 0; i < length; i++) out[y * length + i] = round(withoutRest(sums[i]!));
  }
  return out;
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

/** One row, from `offset` on, averaged along itself. */
function narrow(values: Uint8Array, offset: number, columns: Coverage, channels: number, out: Float64Array): void {
  const { first, count, firstWeight, lastWeight, weight } = columns;
  for (let x = 0; x < first.length; x++) {
    const start = offset + first[x]! * channels;
    const last = start + (count[x]! - 1) * channels;
    for (let channel = 0; channel < channels; channel++) {
      let middle = 0;
      for (let at = start + channels; at < last; at += channels) middle += values[at + channel]!;
      const ends = last === start ? 0 : lastWeight[x]! * values[last + channel]!;
      out[x * channels + channel] = firstWeight[x]! * values[start + channel]! + weight * middle + ends;
    }
  }
}

const roundHalfUp = (value: number): number => Math.floor(value + 0.5);

/** Sums of shares miss whole numbers and halves by their last bits. */
function withoutRest(value: number): number {
  return Math.round(value * 1024) / 1024;
}
