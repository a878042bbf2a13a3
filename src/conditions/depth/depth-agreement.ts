import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

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

/** Compares the grey levels (red channels) of two maps where the requested one is not masked. */
export function depthAgreement(drawn: RgbImage, requested: MaskedImage): DepthAgreement | null {
  const pairs = levelPairs(drawn, requested);
  const levels = Float64Array.from({ length: 256 }, (_, level) => level / 255);
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

/** Two levels, 0..255, and how many pixels have them. */
interface LevelPair {
  readonly drawn: number;
  readonly requested: number;
  readonly count: number;
}

function levelPairs(drawn: RgbImage, { data, masked }: MaskedImage): readonly LevelPair[] {
  const counts = new Float64Array(256 * 256);
  for (let i = 0; i < drawn.data.length; i += 3) {
    if (masked?.[i / 3] !== 1) counts[drawn.data[i]! * 256 + data[i]!]!++;
  }
  const pairs: LevelPair[] = [];
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! > 0) pairs.push({ drawn: i >> 8, requested: i & 255, count: counts[i]! });
  }
  return pairs;
}

/** Per level the mean of the ranks that its pixels take. */
function meanRanks(pairs: readonly LevelPair[], of: 'drawn' | 'requested'): Float64Array {
  const counts = new Float64Array(256);
  for (const pair of pairs) counts[pair[of]]! += pair.count;
  let below = 0;
  return counts.map((count) => {
    const rank = below + (count + 1) / 2;
    below += count;
    return rank;
  });
}

/** Variances and covariance over all pixels of two values that the levels stand for. */
function covariance(pairs: readonly LevelPair[], drawn: Float64Array, requested: Float64Array) {
  let pixels = 0;
  const sums = { drawn: 0, requested: 0 };
  for (const pair of pairs) {
    pixels += pair.count;
    sums.drawn += pair.count * drawn[pair.drawn]!;
    sums.requested += pair.count * requested[pair.requested]!;
  }
  const result = { drawn: 0, requested: 0, both: 0 };
  for (const pair of pairs) {
    const a = drawn[pair.drawn]! - sums.drawn / pixels;
    const b = requested[pair.requested]! - sums.requested / pixels;
    result.drawn += (pair.count * a * a) / pixels;
    result.requested += (pair.count * b * b) / pixels;
    result.both += (pair.count * a * b) / pixels;
  }
  return result;
}
