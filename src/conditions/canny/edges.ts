import type { RgbImage } from '../condition.ts';
import { hysteresis } from './hysteresis.ts';
import { directionOf, gradientRow, verticalSobel } from './sobel.ts';

export interface CannyThresholds {
  /** A candidate's gradient magnitude lies above `low`; an edge starts above `high`. Swapped where low > high. */
  readonly low: number;
  readonly high: number;
  /** Euclidean magnitude instead of |dx| + |dy|. */
  readonly l2: boolean;
}

/**
 * Edges of a colour picture as cv2.Canny(image, low, high, apertureSize=3, L2gradient=l2) gives them, pixel for pixel:
 * Sobel 3x3 with replicated borders, the channel of the largest magnitude (the first at ties), non-maximum suppression
 * along one of four directions and hysteresis over 8 neighbours (Canny, "A computational approach to edge detection",
 * 1986; OpenCV 4 and 5).
 *
 * @returns width x height bytes, row by row: 255 on edges, 0 elsewhere.
 */
export function cannyEdges(image: RgbImage, thresholds: CannyThresholds): Uint8Array {
  const { width, height } = image;
  const limits = integerThresholds(thresholds);
  const states = new Uint8Array((width + 2) * (height + 2));
  const strong = suppress(image, limits, states);
  hysteresis(states, width + 2, strong);
  const edges = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y + 1) * (width + 2) + 1;
    for (let x = 0; x < width; x++) edges[y * width + x] = states[from + x] === edge ? 255 : 0;
  }
  return edges;
}

/** What is known of a pixel between the suppression and the end of the hysteresis. */
const candidate = 1;
const edge = 2;

interface Limits {
  readonly low: number;
  readonly high: number;
  readonly l2: boolean;
}

function integerThresholds({ low, high, l2 }: CannyThresholds): Limits {
  const lower = Math.min(low, high);
  const upper = Math.max(low, high);
  // With L2 the squared magnitude is compared, so that no root is taken.
  const comparable = (value: number): number => Math.floor(l2 && value > 0 ? Math.min(value, 32767) ** 2 : value);
  return { low: comparable(lower), high: comparable(upper), l2 };
}

/**
 * Fills `states` (one pixel of border on each side) with candidates and edges. Three rows of magnitudes are enough for
 * the suppression, so they are kept in a ring; outside the picture the magnitude is 0.
 *
 * @returns positions in `states` of the pixels above the high threshold.
 */
function suppress(image: RgbImage, limits: Limits, states: Uint8Array): number[] {
  const { width, height } = image;
  const stride = width + 2;
  const smooth = new Int16Array(stride * 3);
  const difference = new Int16Array(stride * 3);
  const magnitudes = [new Int32Array(stride), new Int32Array(stride), new Int32Array(stride)];
  const directions = [new Uint8Array(stride), new Uint8Array(stride), new Uint8Array(stride)];
  const strong: number[] = [];
  for (let y = 0; y <= height; y++) {
    const newest = y % 3;
    if (y < height) {
      verticalSobel(image, y, smooth, difference);
      gradientRow(smooth, difference, width, limits, magnitudes[newest]!, directions[newest]!);
    } else {
      magnitudes[newest]!.fill(0);
    }
    if (y === 0) continue;
    const middle = (y + 2) % 3;
    const above = magnitudes[(y + 1) % 3]!;
    suppressRow(
      above,
      magnitudes[middle]!,
      magnitudes[newest]!,
      directions[middle]!,
      limits,
      states,
      y * stride,
      strong,
    );
  }
  return strong;
}

/** Keeps the pixels of a row that are the largest along their gradient. The two comparisons differ on purpose (> and >=). */
function suppressRow(
  above: Int32Array,
  row: Int32Array,
  below: Int32Array,
  directions: Uint8Array,
  { low, high }: Limits,
  states: Uint8Array,
  offset: number,
  strong: number[],
): void {
  const last = row.length - 1;
  for (let x = 1; x < last; x++) {
    const magnitude = row[x]!;
    if (magnitude <= low) continue;
    const direction = directions[x];
    let largest: boolean;
    if (direction === directionOf.horizontal) largest = magnitude > row[x - 1]! && magnitude >= row[x + 1]!;
    else if (direction === directionOf.vertical) largest = magnitude > above[x]! && magnitude >= below[x]!;
    else if (direction === directionOf.falling) largest = magnitude > above[x - 1]! && magnitude > below[x + 1]!;
    else largest = magnitude > above[x + 1]! && magnitude > below[x - 1]!;
    if (!largest) continue;
    if (magnitude > high) {
      states[offset + x] = edge;
      strong.push(offset + x);
    } else {
      states[offset + x] = candidate;
    }
  }
}
