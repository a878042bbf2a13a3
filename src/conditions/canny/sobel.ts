import type { RgbImage } from '../condition.ts';

/** Where a gradient points, in steps of 45 degrees. `falling`: towards the lower right or the upper left. */
export const directionOf = { horizontal: 0, vertical: 1, falling: 2, rising: 3 } as const;

/** tan(22.5 degrees) in units of 2^-15. */
const tangent = 13573;

/**
 * The vertical half of the two separable Sobel kernels at row `y`: `smooth` = above + 2 row + below and `difference` =
 * below - above, for every channel of every pixel, with one replicated pixel on each side (width + 2 pixels of three
 * values).
 */
export function verticalSobel(image: RgbImage, y: number, smooth: Int16Array, difference: Int16Array): void {
  const { data, width, height } = image;
  const length = width * 3;
  const row = y * length;
  const above = y === 0 ? row : row - length;
  const below = y === height - 1 ? row : row + length;
  for (let i = 0; i < length; i++) {
    const a = data[above + i]!;
    const b = data[below + i]!;
    smooth[i + 3] = a + 2 * data[row + i]! + b;
    difference[i + 3] = b - a;
  }
  smooth.copyWithin(0, 3, 6);
  difference.copyWithin(0, 3, 6);
  smooth.copyWithin(length + 3, length, length + 3);
  difference.copyWithin(length + 3, length, length + 3);
}

/**
 * The horizontal half: per pixel the gradient of the channel with the largest magnitude. Magnitudes and directions carry
 * one pixel of border (magnitude 0); directions are set only where the magnitude lies above `low`.
 */
export function gradientRow(
  smooth: Int16Array,
  difference: Int16Array,
  width: number,
  { low, l2 }: { readonly low: number; readonly l2: boolean },
  magnitudes: Int32Array,
  directions: Uint8Array,
): void {
  for (let x = 1, i = 0; x <= width; x++, i += 3) {
    let best = -1;
    let bestX = 0;
    let bestY = 0;
    for (let channel = i; channel < i + 3; channel++) {
      const dx = smooth[channel + 6]! - smooth[channel]!;
      const dy = difference[channel]! + 2 * difference[channel + 3]! + difference[channel + 6]!;
      const magnitude = l2 ? dx * dx + dy * dy : Math.abs(dx) + Math.abs(dy);
      if (magnitude > best) {
        best = magnitude;
        bestX = dx;
        bestY = dy;
      }
    }
    magnitudes[x] = best;
    if (best > low) directions[x] = directionIndex(bestX, bestY);
  }
}

/** Which of the four directions a gradient is nearest to, in integers (|dx|, |dy| <= 1020, so 2^27 is never reached). */
function directionIndex(dx: number, dy: number): number {
  const x = Math.abs(dx);
  const y = Math.abs(dy) << 15;
  const shallow = x * tangent;
  if (y < shallow) return directionOf.horizontal;
  // tan(67.5) = tan(22.5) + 2
  if (y > shallow + (x << 16)) return directionOf.vertical;
  return (dx ^ dy) < 0 ? directionOf.rising : directionOf.falling;
}
