import { gaussianKernel } from '../../numeric/gaussian-blur.ts';
import { lumaOf } from '../../pixels/luma.ts';
import type { MaskedImage, RgbImage } from '../../pixels/rgb-image.ts';

/** How alike two pictures of one size are. */
export interface PictureAgreement {
  /** Mean structural similarity of their brightness, -1..1: 1 where they are equal. */
  readonly ssim: number;
  /** Root mean square difference of their colours, 0..1. */
  readonly rmse: number;
}

/** The window: a Gaussian of 1.5 pixels, cut at 5; and the constants of the paper for values of 0..255. */
const [sigma, reach] = [1.5, 5];
const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];

/**
 * Structural similarity (Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004):
 * with means mu, variances s^2 and the covariance s_xy of both pictures in a Gaussian window around each pixel,
 * (2 mu_x mu_y + c1)(2 s_xy + c2) / ((mu_x^2 + mu_y^2 + c1)(s_x^2 + s_y^2 + c2)), averaged over the pixels whose window lies
 * inside. As scikit-image's structural_similarity with gaussian_weights and without sample covariance.
 *
 * What is masked in `requested` is left out of both figures.
 *
 * @returns null where nothing is left.
 */
export function pictureAgreement(drawn: RgbImage, requested: MaskedImage): PictureAgreement | null {
  const { width, height, masked } = requested;
  const seen = masked === undefined ? drawn : { ...drawn, data: withRequested(drawn.data, requested.data, masked) };
  const similarity = similarities(lumaOf(seen).values, lumaOf(requested).values, width, height);
  let [pixels, sum, squares] = [0, 0, 0];
  let [windows, total] = [0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (masked?.[i] === 1) continue;
      pixels++;
      squares += squaredDifference(seen.data, requested.data, i * 3);
      sum += similarity[i]!;
      if (!isInside(x, width) || !isInside(y, height)) continue;
      windows++;
      total += similarity[i]!;
    }
  }
  if (pixels === 0) return null;
  const rmse = Math.sqrt(squares / (3 * pixels)) / 255;
  return { ssim: windows > 0 ? total / windows : sum / pixels, rmse };
}

function isInside(position: number, length: number): boolean {
  return position >= reach && position < length - reach;
}

/** With the requested colours where the requested picture is masked: neighbours there must not count. */
function withRequested(drawn: Uint8Array, requested: Uint8Array, masked: Uint8Array): Uint8Array {
  const data = drawn.slice();
  for (let i = 0; i < masked.length; i++) {
    if (masked[i] === 1) data.set(requested.subarray(3 * i, 3 * i + 3), 3 * i);
  }
  return data;
}

function squaredDifference(a: Uint8Array, b: Uint8Array, at: number): number {
  return (a[at]! - b[at]!) ** 2 + (a[at + 1]! - b[at + 1]!) ** 2 + (a[at + 2]! - b[at + 2]!) ** 2;
}

function similarities(a: Uint8Array, b: Uint8Array, width: number, height: number): Float64Array {
  const mean = (value: (i: number) => number): Float64Array =>
    windowMeans(
      Float64Array.from({ length: a.length }, (_, i) => value(i)),
      width,
      height,
    );
  const [meanA, meanB] = [mean((i) => a[i]!), mean((i) => b[i]!)];
  const [squareA, squareB] = [mean((i) => a[i]! ** 2), mean((i) => b[i]! ** 2)];
  const product = mean((i) => a[i]! * b[i]!);
  return product.map((value, i) => {
    const [x, y] = [meanA[i]!, meanB[i]!];
    const variances = squareA[i]! - x * x + squareB[i]! - y * y;
    return ((2 * x * y + c1) * (2 * (value - x * y) + c2)) / ((x * x + y * y + c1) * (variances + c2));
  });
}

/** Means weighted by the Gaussian window; beyond the border the plane is mirrored with its border repeated. */
function windowMeans(plane: Float64Array, width: number, height: number): Float64Array {
  const kernel = gaussianKernel(sigma, 2 * reach + 1);
  const along = weightedMeans(plane, kernel, { lines: height, length: width, lineStep: width, step: 1 });
  return weightedMeans(along, kernel, { lines: width, length: height, lineStep: 1, step: width });
}

interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly lineStep: number;
  readonly step: number;
}

function weightedMeans(plane: Float64Array, kernel: Float64Array, { lines, length, lineStep, step }: Lines) {
  const means = new Float64Array(plane.length);
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        sum += kernel[k + reach]! * plane[line * lineStep + mirrored(at + k, length) * step]!;
      }
      means[line * lineStep + at * step] = sum;
    }
  }
  return means;
}

/** ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ..., as often as needed. */
function mirrored(position: number, length: number): number {
  const within = ((position % (2 * length)) + 2 * length) % (2 * length);
  return within < length ? within : 2 * length - 1 - within;
}
