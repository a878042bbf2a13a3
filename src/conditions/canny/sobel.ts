import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Gradients of one row, with one pixel of border on each side whose magnitude is 0. */
export interface GradientRow {
  /** |dx| + |dy|, or dx^2 + dy^2. */
  readonly magnitude: Int32Array;
  readonly dx: Int16Array;
  readonly dy: Int16Array;
}

export function emptyRow(width: number): GradientRow {
  return { magnitude: new Int32Array(width + 2), dx: new Int16Array(width + 2), dy: new Int16Array(width + 2) };
}

/** Sobel 3x3 with replicated borders at row `y`: per pixel the gradient of the channel with the largest magnitude. */
export function fillGradients(image: RgbImage, y: number, l2: boolean, row: GradientRow): void {
  row.magnitude.fill(-1, 1, image.width + 1);
  for (let channel = 0; channel < 3; channel++) addChannel(image, y, channel, l2, row);
}

/**
 * Walks along one channel and keeps its gradients where they are larger than what the row holds. The kernels are
 * separable: each column is smoothed (1 2 1) and differentiated (-1 0 1) once, and serves as right, middle and left.
 */
function addChannel(
  image: RgbImage,
  y: number,
  channel: number,
  l2: boolean,
  { magnitude, dx, dy }: GradientRow,
): void {
  const { data, width, height } = image;
  const length = width * 3;
  let middle = y * length + channel;
  let above = y === 0 ? middle : middle - length;
  let below = y === height - 1 ? middle : middle + length;
  let centreSmooth = data[above]! + 2 * data[middle]! + data[below]!;
  let centreStep = data[below]! - data[above]!;
  let leftSmooth = centreSmooth;
  let leftStep = centreStep;
  for (let x = 1; x <= width; x++) {
    if (x < width) {
      above += 3;
      middle += 3;
      below += 3;
    }
    const top = data[above]!;
    const bottom = data[below]!;
    const rightSmooth = top + 2 * data[middle]! + bottom;
    const rightStep = bottom - top;
    const horizontal = rightSmooth - leftSmooth;
    const vertical = leftStep + 2 * centreStep + rightStep;
    const norm = l2 ? horizontal * horizontal + vertical * vertical : Math.abs(horizontal) + Math.abs(vertical);
    if (norm > magnitude[x]!) {
      magnitude[x] = norm;
      dx[x] = horizontal;
      dy[x] = vertical;
    }
    leftSmooth = centreSmooth;
    leftStep = centreStep;
    centreSmooth = rightSmooth;
    centreStep = rightStep;
  }
}
