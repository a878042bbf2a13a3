import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import type { RgbImage } from './rgb-image.ts';

/** Where the samples of one axis lie, in pixels of the picture (centres at whole numbers), `step` apart. */
export interface SampleAxis {
  readonly count: number;
  readonly first: number;
  readonly step: number;
}

/**
 * Colours on a straight grid of places in a picture, linear between pixels and rounded to 8 bits. Outside the picture
 * `border` repeats the nearest pixel, or is black. What cv2.resize and cv2.warpAffine give with INTER_LINEAR, but for 1 of 255, as these
 * compute with fewer bits.
 */
export function linearSamples(
  image: RgbImage,
  columns: SampleAxis,
  rows: SampleAxis,
  border: 'repeat' | 'black',
): RgbImage {
  const data = new Uint8Array(columns.count * rows.count * 3);
  let to = 0;
  for (let y = 0; y < rows.count; y++) {
    const row = rows.first + y * rows.step;
    for (let x = 0; x < columns.count; x++, to += 3) {
      sample(image, columns.first + x * columns.step, row, border, data, to);
    }
  }
  return { width: columns.count, height: rows.count, data };
}

function sample(
  { width, height, data }: RgbImage,
  x: number,
  y: number,
  border: 'repeat' | 'black',
  out: Uint8Array,
  to: number,
): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [x - left, y - top];
  const inside = (column: number, row: number): boolean => column >= 0 && row >= 0 && column < width && row < height;
  const at = (column: number, row: number, channel: number): number => {
    if (border === 'black' && !inside(column, row)) return 0;
    const nearest = Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1);
    return data[nearest * 3 + channel]!;
  };
  for (let channel = 0; channel < 3; channel++) {
    const above = at(left, top, channel) * (1 - right) + at(left + 1, top, channel) * right;
    const below = at(left, top + 1, channel) * (1 - right) + at(left + 1, top + 1, channel) * right;
    out[to + channel] = roundHalfToEven(above * (1 - down) + below * down);
  }
}
