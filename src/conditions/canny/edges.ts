import type { RgbImage } from '../../pixels/rgb-image.ts';
import { hysteresis } from './hysteresis.ts';
import { edge, type MagnitudeLimits, suppress } from './suppress.ts';

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

function integerThresholds({ low, high, l2 }: CannyThresholds): MagnitudeLimits {
  const lower = Math.min(low, high);
  const upper = Math.max(low, high);
  // With L2 the squared magnitude is compared, so that no root is taken.
  const comparable = (value: number): number => Math.floor(l2 && value > 0 ? Math.min(value, 32767) ** 2 : value);
  return { low: comparable(lower), high: comparable(upper), l2 };
}
