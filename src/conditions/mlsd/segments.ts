import type { Size } from '../../numeric/size.ts';
import type { Tensor } from '../../numeric/tensor.ts';

/** A straight line between two ends, in pixels of the picture; ends may lie outside of it. */
export interface Segment {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** 0..1 */
  readonly score: number;
}

/** Cells along each side of the network's output. */
const grid = 256;
/** As many candidates as the published decoder looks at. */
const mostSegments = 200;

/**
 * Line segments from M-LSD's output (Gu et al., "Towards light-weight and real-time line segment detection", 2021): of the
 * 200 cells with the highest scores, those above `scoreThreshold` whose two ends lie more than `distanceThreshold` cells
 * apart. Best first; equal scores in the order of the cells.
 *
 * @param scores [1, 256, 256, 1], 0 off the peaks.
 * @param offsets [1, 256, 256, 4]: from each cell to both ends, x and y, in cells.
 */
export function decodeSegments(
  { data: scores }: Tensor,
  { data: offsets }: Tensor,
  { scoreThreshold, distanceThreshold }: { readonly scoreThreshold: number; readonly distanceThreshold: number },
  { width, height }: Size,
): readonly Segment[] {
  const candidates: number[] = [];
  for (let cell = 0; cell < scores.length; cell++) if (scores[cell]! > scoreThreshold) candidates.push(cell);
  candidates.sort((a, b) => scores[b]! - scores[a]! || a - b);
  const segments: Segment[] = [];
  for (const cell of candidates.slice(0, mostSegments)) {
    const [x0, y0, x1, y1] = [0, 1, 2, 3].map((i) => offsets[cell * 4 + i]!) as [number, number, number, number];
    if (Math.hypot(x0 - x1, y0 - y1) <= distanceThreshold) continue;
    const [x, y] = [cell % grid, Math.floor(cell / grid)];
    const place = (dx: number, dy: number) => [((x + dx) * width) / grid, ((y + dy) * height) / grid] as const;
    segments.push({ from: place(x0, y0), to: place(x1, y1), score: scores[cell]! });
  }
  return segments;
}
