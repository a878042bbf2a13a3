import type { RgbImage } from '../condition.ts';

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
  const grey = greyLevels(image);
  const level = threshold ?? otsuThreshold(grey);
  const brightCount = grey.reduce((count, value) => count + (value > level ? 1 : 0), 0);
  const bright = lines === 'auto' ? brightCount < grey.length / 2 : lines === 'bright';
  return { strokes: grey.map((value) => (value > level === bright ? 255 : 0)), threshold: level, bright };
}

/** Luma of ITU-R BT.601, rounded. */
function greyLevels({ data }: RgbImage): Uint8Array {
  return Uint8Array.from({ length: data.length / 3 }, (_, i) =>
    Math.round(0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!),
  );
}

/** The level that splits the histogram into the two classes that lie farthest apart (Otsu, 1979). */
function otsuThreshold(values: Uint8Array): number {
  const histogram = new Float64Array(256);
  for (const value of values) histogram[value]!++;
  const total = histogram.reduce((sum, count, level) => sum + count * level, 0);
  let [best, threshold, below, sumBelow] = [0, 127, 0, 0];
  for (let level = 0; level < 255; level++) {
    below += histogram[level]!;
    sumBelow += histogram[level]! * level;
    const above = values.length - below;
    if (below === 0 || above === 0) continue;
    const distance = sumBelow / below - (total - sumBelow) / above;
    const variance = below * above * distance * distance;
    if (variance > best) [best, threshold] = [variance, level];
  }
  return threshold;
}
