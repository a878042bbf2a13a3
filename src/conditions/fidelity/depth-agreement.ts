import type { RgbImage } from '../condition.ts';

/** How well two depth maps of one size agree. Null where one of them is flat, so that nothing can be compared. */
export interface DepthAgreement {
  /**
   * Spearman's rank correlation, -1..1: whether what is nearer in one map is nearer in the other. Equal depths share the
   * mean of their ranks.
   */
  readonly rankCorrelation: number;
  /**
   * Root mean square error, 0..1, after the scale and shift of the drawn map that fit the requested one best (least
   * squares; Eigen et al. 2014, Ranftl et al. 2020). Depth from a picture is known only up to both.
   */
  readonly rmse: number;
}

/** Compares the grey levels (red channels) of two maps. */
export function depthAgreement(drawn: RgbImage, requested: RgbImage): DepthAgreement | null {
  const pairs = jointHistogram(drawn, requested);
  const levels = Array.from({ length: 256 }, (_, level) => level / 255);
  const values = covariance(pairs, levels, levels);
  const ranks = covariance(pairs, meanRanks(pairs, 'drawn'), meanRanks(pairs, 'requested'));
  if (values.drawn === 0 || values.requested === 0) return null;
  // What a straight line leaves of the requested map's variance; rounding may take it below nothing.
  const unexplained = Math.max(0, values.requested - values.both ** 2 / values.drawn);
  return {
    rankCorrelation: ranks.both / Math.sqrt(ranks.drawn * ranks.requested),
    rmse: Math.sqrt(unexplained),
  };
}

/** How often each pair of levels occurs: [drawn * 256 + requested]. */
function jointHistogram(drawn: RgbImage, requested: RgbImage): Float64Array {
  const pairs = new Float64Array(256 * 256);
  for (let i = 0; i < drawn.data.length; i += 3) pairs[drawn.data[i]! * 256 + requested.data[i]!]!++;
  return pairs;
}

/** Per level the mean of the ranks that its pixels take. */
function meanRanks(pairs: Float64Array, of: 'drawn' | 'requested'): readonly number[] {
  const counts = new Float64Array(256);
  for (const [pair, count] of pairs.entries()) counts[of === 'drawn' ? pair >> 8 : pair & 255]! += count;
  let below = 0;
  return Array.from(counts, (count) => {
    const rank = below + (count + 1) / 2;
    below += count;
    return rank;
  });
}

/** Variances and covariance over all pixels of two values that the levels stand for. */
function covariance(pairs: Float64Array, drawn: readonly number[], requested: readonly number[]) {
  let pixels = 0;
  const sums = { drawn: 0, requested: 0 };
  const occurring = [...pairs.entries()].filter(([, count]) => count > 0);
  for (const [pair, count] of occurring) {
    pixels += count;
    sums.drawn += count * drawn[pair >> 8]!;
    sums.requested += count * requested[pair & 255]!;
  }
  const result = { drawn: 0, requested: 0, both: 0 };
  for (const [pair, count] of occurring) {
    const a = drawn[pair >> 8]! - sums.drawn / pixels;
    const b = requested[pair & 255]! - sums.requested / pixels;
    result.drawn += (count * a * a) / pixels;
    result.requested += (count * b * b) / pixels;
    result.both += (count * a * b) / pixels;
  }
  return result;
}
