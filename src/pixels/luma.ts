import type { RgbImage } from './rgb-image.ts';

/** Brightness of every pixel, 0..255, and how many pixels have each of the 256 values. */
export interface Luma {
  readonly values: Uint8Array;
  readonly histogram: Int32Array;
}

/**
 * Brightness as it looks to the eye (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B), in fixed point with 15 fractional bits:
 * bit for bit cv2.cvtColor(image, COLOR_RGB2GRAY). The values are width x height, row by row.
 */
export function lumaOf({ data }: RgbImage): Luma {
  const values = new Uint8Array(data.length / 3);
  // Pixels are counted apart by turns: neighbours are often equal, and one counter would have to wait for itself.
  const even = new Int32Array(256);
  const odd = new Int32Array(256);
  // Four pixels are three words, the first byte in the lowest bits: onnxruntime has no platform where it is otherwise.
  const fours = new Int32Array(values.buffer, 0, values.length >> 2);
  const words = wordsOf(data, fours.length * 3);
  for (let i = 0, j = 0; i < fours.length; i++, j += 3) {
    const a = words[j]!;
    const b = words[j + 1]!;
    const c = words[j + 2]!;
    const first = weigh(a & 255, (a >>> 8) & 255, (a >>> 16) & 255);
    const second = weigh(a >>> 24, b & 255, (b >>> 8) & 255);
    const third = weigh((b >>> 16) & 255, b >>> 24, c & 255);
    const fourth = weigh((c >>> 8) & 255, (c >>> 16) & 255, c >>> 24);
    fours[i] = first | (second << 8) | (third << 16) | (fourth << 24);
    even[first]!++;
    odd[second]!++;
    even[third]!++;
    odd[fourth]!++;
  }
  for (let i = fours.length * 4; i < values.length; i++) {
    const last = weigh(data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!);
    values[i] = last;
    even[last]!++;
  }
  return { values, histogram: even.map((count, level) => count + odd[level]!) };
}

/** The first bytes as words of four; a copy where they do not begin at a whole word. */
function wordsOf(data: Uint8Array, length: number): Int32Array {
  const aligned = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, length);
}

function weigh(red: number, green: number, blue: number): number {
  return (9798 * red + 19_235 * green + 3735 * blue + 16_384) >> 15;
}
