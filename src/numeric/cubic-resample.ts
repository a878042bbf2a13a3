import type { Size } from './size.ts';
import { RowCombiner } from './simd/combine-rows.ts';

/** The part of a resampled plane that is wanted. */
export interface PlaneWindow extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * A window of one plane resampled to `to` by cubic convolution over 4x4 neighbours (Keys, 1981, with a = -0.75; pixel
 * centres at halves, the border repeated): cv2.resize(plane, to, interpolation=INTER_CUBIC). Results may lie beyond the range
 * of the values.
 */
export function resampleCubic(plane: Float64Array, from: Size, to: Size, window: PlaneWindow): Float64Array {
  const columns = cubicTaps(from.width, to.width, window.x, window.width);
  const rows = cubicTaps(from.height, to.height, window.y, window.height);
  const out = new Float64Array(window.width * window.height);
  const line = new Float64Array(from.width);
  for (let y = 0, at = 0; y < window.height; y++) {
    combineRows(plane, rows, y, line);
    for (let x = 0, tap = 0; x < window.width; x++, tap += 4) {
      out[at++] =
        columns.weights[tap]! * line[columns.sources[tap]!]! +
        columns.weights[tap + 1]! * line[columns.sources[tap + 1]!]! +
        columns.weights[tap + 2]! * line[columns.sources[tap + 2]!]! +
        columns.weights[tap + 3]! * line[columns.sources[tap + 3]!]!;
    }
  }
  return out;
}

/**
 * Three interleaved channels of 8 bits at another size by the same rule, rounded half to even; what would lie beyond 0..255
 * is cut off.
 */
export function resampleCubicRgb(data: Uint8Array, from: Size, to: Size): Uint8Array {
  const columns = cubicTaps(from.width, to.width, 0, to.width);
  const { sources, weights } = cubicTaps(from.height, to.height, 0, to.height);
  const length = to.width * 3;
  const out = new Uint8Array(length * to.height);
  const combiner = new RowCombiner(length);
  const held = [-1, -1, -1, -1];
  // Neighbouring rows never share a slot, and each is widened once.
  const slotOf = (row: number): number => {
    const slot = row & 3;
    if (held[slot] !== row) widenRgb(data, row * from.width * 3, columns, combiner.row(slot));
    held[slot] = row;
    return slot;
  };
  for (let y = 0, tap = 0; y < to.height; y++, tap += 4) {
    const line = combiner.combine(
      [slotOf(sources[tap]!), slotOf(sources[tap + 1]!), slotOf(sources[tap + 2]!), slotOf(sources[tap + 3]!)],
      [weights[tap]!, weights[tap + 1]!, weights[tap + 2]!, weights[tap + 3]!],
    );
    out.set(line, y * length);
  }
  return out;
}

/** Per target position the first of four neighbours, where the four lie (the border repeats) and their weights. */
interface Taps {
  readonly starts: Int32Array;
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

function cubicTaps(length: number, resampled: number, first: number, count: number): Taps {
  const starts = new Int32Array(count);
  const sources = new Int32Array(count * 4);
  const weights = new Float64Array(count * 4);
  for (let i = 0; i < count; i++) {
    // In float32, as OpenCV has it.
    const position = Math.fround((first + i + 0.5) * (length / resampled) - 0.5);
    const start = Math.floor(position) - 1;
    starts[i] = start;
    for (let tap = 0; tap < 4; tap++) {
      sources[i * 4 + tap] = Math.min(Math.max(start + tap, 0), length - 1);
      weights[i * 4 + tap] = cubicWeight(Math.abs(position - start - tap));
    }
  }
  return { starts, sources, weights };
}

function cubicWeight(distance: number): number {
  const a = -0.75;
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}

/** The vertical half, for target row `y`: four rows of the source weighed into one as long as they are. */
function combineRows(values: Float64Array, { sources, weights }: Taps, y: number, line: Float64Array): void {
  const [a, b, c, d] = [weights[y * 4]!, weights[y * 4 + 1]!, weights[y * 4 + 2]!, weights[y * 4 + 3]!];
  let i = sources[y * 4]! * line.length;
  let j = sources[y * 4 + 1]! * line.length;
  let k = sources[y * 4 + 2]! * line.length;
  let l = sources[y * 4 + 3]! * line.length;
  for (let x = 0; x < line.length; x++)
    line[x] = a * values[i++]! + b * values[j++]! + c * values[k++]! + d * values[l++]!;
}

/** The horizontal half. Neighbouring targets often have the same sources, which are read once for all of them. */
function widenRgb(line: Uint8Array, offset: number, { starts, sources, weights }: Taps, out: Float64Array): void {
  let to = 0;
  let x = 0;
  while (x < starts.length) {
    const start = starts[x]!;
    const i = offset + sources[x * 4]! * 3;
    const j = offset + sources[x * 4 + 1]! * 3;
    const k = offset + sources[x * 4 + 2]! * 3;
    const l = offset + sources[x * 4 + 3]! * 3;
    // One by one: taking arrays apart would cost more than the arithmetic.
    const r0 = line[i]!;
    const g0 = line[i + 1]!;
    const b0 = line[i + 2]!;
    const r1 = line[j]!;
    const g1 = line[j + 1]!;
    const b1 = line[j + 2]!;
    const r2 = line[k]!;
    const g2 = line[k + 1]!;
    const b2 = line[k + 2]!;
    const r3 = line[l]!;
    const g3 = line[l + 1]!;
    const b3 = line[l + 2]!;
    for (; x < starts.length && start === starts[x]; x++, to += 3) {
      const a = weights[x * 4]!;
      const b = weights[x * 4 + 1]!;
      const c = weights[x * 4 + 2]!;
      const d = weights[x * 4 + 3]!;
      out[to] = a * r0 + b * r1 + c * r2 + d * r3;
      out[to + 1] = a * g0 + b * g1 + c * g2 + d * g3;
      out[to + 2] = a * b0 + b * b1 + c * b2 + d * b3;
    }
  }
}
