import type { RgbImage } from './rgb-image.ts';
import { sampleNearest, type Window } from '../numeric/nearest-sample.ts';
import type { Size } from '../numeric/size.ts';

/**
 * A window of the picture resized to `size`, each pixel a copy of the source pixel under its centre: no new colours.
 */
export function nearestNeighbour(image: RgbImage, size: Size, window: Window): RgbImage {
  const { width, height } = window;
  return { width, height, data: sampleNearest(image.data, image, size, 3, window) };
}

/**
 * A window of the picture enlarged to `size` by cubic convolution over 4x4 pixels (Keys, 1981, with a = -0.75 and pixel
 * centres at halves, as OpenCV's INTER_CUBIC); pixels outside the picture repeat its border. Each side of `size` is at
 * least that of the picture.
 */
export function cubicConvolution(image: RgbImage, size: Size, window: Window): RgbImage {
  const horizontal = cubicTaps(image.width, size.width, window.x, window.width);
  const vertical = cubicTaps(image.height, size.height, window.y, window.height);
  const widened = widen(image, horizontal);
  const length = window.width * 3;
  const data = new Uint8ClampedArray(length * window.height);
  for (let y = 0; y < window.height; y++) {
    const [a, b, c, d] = rowOf(vertical.weights, y);
    const [above, upper, lower, below] = rowOf(vertical.sources, y, length);
    for (let i = 0; i < length; i++) {
      const value =
        a * widened[above + i]! + b * widened[upper + i]! + c * widened[lower + i]! + d * widened[below + i]!;
      data[y * length + i] = value;
    }
  }
  return { width: window.width, height: window.height, data: new Uint8Array(data.buffer) };
}

/** Per target position four source positions and their weights, one after another. */
interface Taps {
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

/** The four values of a position, times `factor`. */
function rowOf(taps: Int32Array | Float64Array, index: number, factor = 1): readonly [number, number, number, number] {
  const [a, b, c, d] = taps.subarray(index * 4, index * 4 + 4);
  return [a! * factor, b! * factor, c! * factor, d! * factor];
}

function cubicTaps(length: number, resized: number, from: number, count: number): Taps {
  const sources = new Int32Array(count * 4);
  const weights = new Float64Array(count * 4);
  for (let i = 0; i < count; i++) {
    const position = ((from + i + 0.5) * length) / resized - 0.5;
    const first = Math.floor(position) - 1;
    for (let tap = 0; tap < 4; tap++) {
      sources[i * 4 + tap] = Math.min(Math.max(first + tap, 0), length - 1);
      weights[i * 4 + tap] = cubicWeight(Math.abs(position - first - tap));
    }
  }
  return { sources, weights };
}

function cubicWeight(distance: number): number {
  const a = -0.75;
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}

/** The horizontal half, for every row of the picture: height x taps x 3 values. */
function widen({ width, height, data }: RgbImage, taps: Taps): Float32Array {
  const count = taps.sources.length / 4;
  const widened = new Float32Array(height * count * 3);
  for (let x = 0; x < count; x++) {
    const [a, b, c, d] = rowOf(taps.weights, x);
    const [left, middle, right, far] = rowOf(taps.sources, x, 3);
    for (let y = 0; y < height; y++) {
      const row = y * width * 3;
      const to = (y * count + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const at = row + channel;
        widened[to + channel] =
          a * data[at + left]! + b * data[at + middle]! + c * data[at + right]! + d * data[at + far]!;
      }
    }
  }
  return widened;
}
