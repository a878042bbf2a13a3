import type { PlaneSize } from './resample.ts';

/** The part of a resampled plane that is wanted. */
export interface PlaneWindow extends PlaneSize {
  readonly x: number;
  readonly y: number;
}

/**
 * 8-bit values at another size by {@link resampleCubic}, rounded half to even; what would lie beyond 0..255 is cut off.
 */
export function resampleCubicBytes(values: Uint8Array, from: PlaneSize, to: PlaneSize, channels: number): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(resampleCubic(values, from, to, channels)).buffer);
}

/**
 * A window of values resampled to `to` by cubic convolution over 4x4 neighbours (Keys, 1981, with a = -0.75; pixel centres
 * at halves, the border repeated): cv2.resize(values, to, interpolation=INTER_CUBIC). Results may lie beyond the range of
 * the values.
 *
 * @param values from.width x from.height pixels of `channels` values each.
 */
export function resampleCubic(
  values: Float64Array | Uint8Array,
  from: PlaneSize,
  to: PlaneSize,
  channels: number,
  window: PlaneWindow = { x: 0, y: 0, ...to },
): Float64Array {
  const columns = cubicTaps(from.width, to.width, window.x, window.width, channels);
  const rows = cubicTaps(from.height, to.height, window.y, window.height, window.width * channels);
  const widened = widen(values, from, columns, channels);
  const length = window.width * channels;
  const out = new Float64Array(length * window.height);
  for (let y = 0; y < window.height; y++) {
    const [a, b, c, d] = fourFrom(rows.weights, y * 4);
    let [i, j, k, l] = fourFrom(rows.sources, y * 4);
    for (let to = y * length; to < (y + 1) * length; to++) {
      out[to] = a * widened[i++]! + b * widened[j++]! + c * widened[k++]! + d * widened[l++]!;
    }
  }
  return out;
}

/** Per target position four source positions, times `step`, and their weights. */
interface Taps {
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

function fourFrom(values: Float64Array | Int32Array, first: number): [number, number, number, number] {
  return [values[first]!, values[first + 1]!, values[first + 2]!, values[first + 3]!];
}

function cubicTaps(length: number, resampled: number, first: number, count: number, step: number): Taps {
  const sources = new Int32Array(count * 4);
  const weights = new Float64Array(count * 4);
  for (let i = 0; i < count; i++) {
    // In float32, as OpenCV has it.
    const position = Math.fround((first + i + 0.5) * (length / resampled) - 0.5);
    const start = Math.floor(position) - 1;
    for (let tap = 0; tap < 4; tap++) {
      sources[i * 4 + tap] = Math.min(Math.max(start + tap, 0), length - 1) * step;
      weights[i * 4 + tap] = cubicWeight(Math.abs(position - start - tap));
    }
  }
  return { sources, weights };
}

function cubicWeight(distance: number): number {
  const a = -0.75;
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}

/** The horizontal half, for every row. */
function widen(
  values: Float64Array | Uint8Array,
  { width, height }: PlaneSize,
  { sources, weights }: Taps,
  channels: number,
): Float64Array {
  const count = sources.length / 4;
  const widened = new Float64Array(height * count * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width * channels;
    for (let tap = 0; tap < sources.length; tap += 4) {
      for (let at = row; at < row + channels; at++) {
        widened[to++] =
          weights[tap]! * values[at + sources[tap]!]! +
          weights[tap + 1]! * values[at + sources[tap + 1]!]! +
          weights[tap + 2]! * values[at + sources[tap + 2]!]! +
          weights[tap + 3]! * values[at + sources[tap + 3]!]!;
      }
    }
  }
  return widened;
}
