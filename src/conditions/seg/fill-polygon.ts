import type { Size } from '../../numeric/size.ts';

/**
 * Writes `value` to every pixel whose centre lies inside a polygon by the even-odd rule. A centre on a left or upper border
 * is inside, on a right or lower one outside, so that polygons which share a border neither overlap nor leave a gap.
 *
 * @param corners x and y in pixels, from the upper left corner of the plane.
 * @returns the number of pixels written.
 */
export function fillPolygon(
  plane: Uint8Array,
  { width, height }: Size,
  corners: readonly (readonly [number, number])[],
  value: number,
): number {
  const ys = corners.map(([, y]) => y);
  const last = firstPixel(Math.max(...ys), height);
  let covered = 0;
  for (let y = firstPixel(Math.min(...ys), height); y < last; y++) {
    const crossings = crossingsOf(corners, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = firstPixel(crossings[i]!, width);
      const to = firstPixel(crossings[i + 1]!, width);
      if (to <= from) continue;
      plane.fill(value, y * width + from, y * width + to);
      covered += to - from;
    }
  }
  return covered;
}

/** Where a horizontal line meets the outline, from left to right: always an even number of places. */
function crossingsOf(corners: readonly (readonly [number, number])[], y: number): readonly number[] {
  const crossings: number[] = [];
  corners.forEach(([x1, y1], i) => {
    const [x0, y0] = corners.at(i - 1)!;
    if (y0 <= y === y1 <= y) return;
    crossings.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0));
  });
  return crossings.toSorted((a, b) => a - b);
}

/** The first of `count` pixels whose centre does not lie before `position`. */
function firstPixel(position: number, count: number): number {
  return Math.min(Math.max(Math.ceil(position - 0.5), 0), count);
}
