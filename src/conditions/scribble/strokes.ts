import { gaussianBlur, gaussianBlurBytes } from '../../numeric/gaussian-blur.ts';
import type { Size } from '../../numeric/size.ts';

/**
 * Soft edges as strokes of even width, by ControlNet's rule for scribbles: blurred with sigma 3, thinned to the pixels that
 * are the largest of three along a row, a column or a diagonal and lie above 127, blurred once more and cut at 4.
 *
 * @param edges 0..255, row by row.
 * @returns 255 on strokes, 0 elsewhere.
 */
export function hedStrokes(edges: Uint8Array, size: Size): Uint8Array {
  const ridges = thinToRidges(gaussianBlur(Float32Array.from(edges), size, 3), size);
  return gaussianBlurBytes(ridges, size, 3).map((value) => (value > 4 ? 255 : 0));
}

/** 255 where a value above 127 is not below both neighbours along at least one of four directions; 0 elsewhere. */
function thinToRidges(values: Float32Array, { width, height }: Size): Uint8Array {
  const ridges = new Uint8Array(values.length);
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? Number.NEGATIVE_INFINITY : values[y * width + x]!;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = values[i]!;
      if (value <= 127) continue;
      const largest =
        (value >= at(x - 1, y) && value >= at(x + 1, y)) ||
        (value >= at(x, y - 1) && value >= at(x, y + 1)) ||
        (value >= at(x - 1, y - 1) && value >= at(x + 1, y + 1)) ||
        (value >= at(x + 1, y - 1) && value >= at(x - 1, y + 1));
      if (largest) ridges[i] = 255;
    }
  }
  return ridges;
}
