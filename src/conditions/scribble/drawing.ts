import type { RgbImage } from '../condition.ts';
import { lumaOf } from '../threshold/luma.ts';
import { otsuLevel } from '../threshold/otsu.ts';

export interface Drawing {
  /** 255 on strokes, 0 elsewhere. */
  readonly strokes: Uint8Array;
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
  const brightCount = grey.reduce((count, value) => count + (value > level ? 1 : 0), 0);
  const bright = lines === 'auto' ? brightCount < grey.length / 2 : lines === 'bright';
  return { strokes: grey.map((value) => (value > level === bright ? 255 : 0)), threshold: level, bright };
}
