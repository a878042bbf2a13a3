import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** How far surfaces of two maps of one size face apart: figures of the angles between their normals, pixel by pixel. */
export interface NormalAgreement {
  /** In degrees. */
  readonly mean: number;
  readonly median: number;
  /** Shares of the pixels that lie below 11.25, 22.5 and 30 degrees. */
  readonly within: readonly [number, number, number];
}

const limits = [11.25, 22.5, 30] as const;

/** Steps of the angle that are told apart, a degree. */
const steps = 100;

/**
 * Compares normals that are drawn as colours, 0..255 for -1..1 in each channel, whatever channel stands for which axis, by the
 * figures of Fouhey et al., "Data-driven 3D primitives for single image understanding" (2013): lengths do not count. Where the
 * requested map is black, the colour of no normal, or masked, nothing was asked for.
 *
 * @returns null where no pixel of the requested map has a normal.
 */
export function normalAgreement(drawn: RgbImage, requested: MaskedImage): NormalAgreement | null {
  const counts = new Float64Array(180 * steps + 1);
  const within: [number, number, number] = [0, 0, 0];
  let [pixels, sum] = [0, 0];
  for (let i = 0; i < requested.data.length; i += 3) {
    if (requested.masked?.[i / 3] === 1) continue;
    if (requested.data[i] === 0 && requested.data[i + 1] === 0 && requested.data[i + 2] === 0) continue;
    const angle = angleBetween(drawn.data, requested.data, i);
    pixels++;
    sum += angle;
    counts[Math.round(angle * steps)]!++;
    for (const [index, limit] of limits.entries()) if (angle < limit) within[index]!++;
  }
  if (pixels === 0) return null;
  const [close, middling, far] = within;
  return {
    mean: sum / pixels,
    median: medianOf(counts, pixels) / steps,
    within: [close / pixels, middling / pixels, far / pixels],
  };
}

/**
 * In degrees, by the arc tangent of |a x b| and a . b, which is exact for small angles where the arc cosine is not. Black, the
 * colour of no normal, is as far from every normal as can be.
 */
function angleBetween(a: Uint8Array, b: Uint8Array, at: number): number {
  const [x, y, z] = [component(a[at]!), component(a[at + 1]!), component(a[at + 2]!)];
  if (x === -1 && y === -1 && z === -1) return 180;
  const [u, v, w] = [component(b[at]!), component(b[at + 1]!), component(b[at + 2]!)];
  const across = Math.hypot(y * w - z * v, z * u - x * w, x * v - y * u);
  return (Math.atan2(across, x * u + y * v + z * w) * 180) / Math.PI;
}

function component(level: number): number {
  return level / 127.5 - 1;
}

/** The lower median. */
function medianOf(counts: Float64Array, total: number): number {
  let below = 0;
  return counts.findIndex((count) => (below += count) >= total / 2);
}
