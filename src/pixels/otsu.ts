/**
 * The level that parts the histogram into two classes as far apart as possible (Otsu, "A threshold selection method from
 * gray-level histograms", 1979), as OpenCV's THRESH_OTSU finds it: values above the level are the bright class. The lowest
 * of equally good levels; 0 where all values are equal.
 *
 * @param histogram how many values there are of each level 0..255.
 */
export function otsuLevel(histogram: Int32Array): number {
  const share = 1 / histogram.reduce((sum, count) => sum + count, 0);
  const mean = histogram.reduce((sum, count, level) => sum + level * count, 0) * share;
  let [darkShare, darkMean, farthest, best] = [0, 0, 0, 0];
  for (let level = 0; level < 256; level++) {
    const here = histogram[level]! * share;
    const moment = darkMean * darkShare + level * here;
    darkShare += here;
    const brightShare = 1 - darkShare;
    if (Math.min(darkShare, brightShare) < smallest || Math.max(darkShare, brightShare) > 1 - smallest) {
      darkMean = darkShare < smallest ? 0 : moment / darkShare;
      continue;
    }
    darkMean = moment / darkShare;
    const brightMean = (mean - darkShare * darkMean) / brightShare;
    const distance = darkShare * brightShare * (darkMean - brightMean) ** 2;
    if (distance > farthest) [farthest, best] = [distance, level];
  }
  return best;
}

/** The step of float32 at 1: shares nearer to 0 or 1 are rounding. */
const smallest = 2 ** -23;
