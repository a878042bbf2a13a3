import type { RgbImage } from '../../pixels/rgb-image.ts';
import { emptyRow, fillGradients, type GradientRow } from './sobel.ts';

/** What is known of a pixel between the suppression and the end of the hysteresis; 0 is neither. */
export const candidate = 1;
export const edge = 2;

export interface MagnitudeLimits {
  /** Integers, squared for L2. */
  readonly low: number;
  readonly high: number;
  readonly l2: boolean;
}

/** tan(22.5 degrees) in units of 2^-15. */
const tangent = 13573;

/**
 * Non-maximum suppression: fills `states` (one pixel of border on each side) with candidates and edges. Three rows of
 * gradients are enough, so they are kept in a ring; outside the picture the magnitude is 0.
 *
 * @returns positions in `states` of the pixels above the high threshold.
 */
export function suppress(image: RgbImage, limits: MagnitudeLimits, states: Uint8Array): number[] {
  const { width, height } = image;
  const strong: number[] = [];
  let above = emptyRow(width);
  let row = emptyRow(width);
  let below = emptyRow(width);
  fillGradients(image, 0, limits.l2, row);
  for (let y = 0; y < height; y++) {
    if (y + 1 < height) fillGradients(image, y + 1, limits.l2, below);
    else below.magnitude.fill(0);
    suppressRow(above, row, below, limits, states, (y + 1) * (width + 2), strong);
    [above, row, below] = [row, below, above];
  }
  return strong;
}

/** Keeps the pixels of a row that are the largest along their gradient. */
function suppressRow(
  { magnitude: above }: GradientRow,
  { magnitude: row, dx, dy }: GradientRow,
  { magnitude: below }: GradientRow,
  { low, high }: MagnitudeLimits,
  states: Uint8Array,
  offset: number,
  strong: number[],
): void {
  const last = row.length - 1;
  for (let x = 1; x < last; x++) {
    const magnitude = row[x]!;
    if (magnitude <= low) continue;
    // The angle to the nearest of four directions, in integers: |dx|, |dy| <= 1020, so 2^27 is never reached.
    const horizontal = Math.abs(dx[x]!);
    const vertical = Math.abs(dy[x]!) << 15;
    const shallow = horizontal * tangent;
    let largest: boolean;
    // The two comparisons differ on purpose (> and >=): of two equal neighbours exactly one is kept.
    if (vertical < shallow) {
      largest = magnitude > row[x - 1]! && magnitude >= row[x + 1]!;
    } else if (vertical > shallow + (horizontal << 16)) {
      // tan(67.5 degrees) = tan(22.5 degrees) + 2
      largest = magnitude > above[x]! && magnitude >= below[x]!;
    } else {
      const right = (dx[x]! ^ dy[x]!) < 0 ? -1 : 1;
      largest = magnitude > above[x - right]! && magnitude > below[x + right]!;
    }
    if (!largest) continue;
    if (magnitude > high) {
      states[offset + x] = edge;
      strong.push(offset + x);
    } else {
      states[offset + x] = candidate;
    }
  }
}
