import type { RgbImage } from '../../pixels/rgb-image.ts';
import { lumaOf } from '../../pixels/luma.ts';
import { otsuLevel } from '../../pixels/otsu.ts';
import { whiteAbove } from '../../pixels/white-above.ts';

export interface Drawing {
  /** White strokes on black. */
  readonly map: RgbImage;
  /** Share of the picture that is strokes. */
  readonly covered: number;
  readonly threshold: number;
  readonly bright: boolean;
}

/**
 * The strokes of a drawing: what is at or below the threshold is ink on paper, or what lies above it is chalk on a board.
 *
 * @param threshold grey level 0..255; null for Otsu's.
 * @param lines which of both are the strokes; `auto` takes the one that covers less.
 */
export function drawingStrokes(image: RgbImage, threshold: number | null, lines: 'auto' | 'dark' | 'bright'): Drawing {
  const { values: grey, histogram } = lumaOf(image);
  const level = threshold ?? otsuLevel(histogram);
  const above = histogram.subarray(level + 1).reduce((sum, count) => sum + count, 0) / grey.length;
  const bright = lines === 'auto' ? above < 0.5 : lines === 'bright';
  const { width, height } = image;
  const map = { width, height, data: whiteAbove(grey, level, !bright) };
  return { map, covered: bright ? above : 1 - above, threshold: level, bright };
}
