/**
 * The values below which the given percentages of `values` lie, linear between neighbours as numpy.percentile.
 *
 * @param percentages 0..100 each.
 */
export function percentiles(values: Float32Array, percentages: readonly number[]): number[] {
  const sorted = values.toSorted();
  return percentages.map((percentage) => {
    const position = (percentage / 100) * (sorted.length - 1);
    const below = Math.floor(position);
    const [a, b] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
    return a + (b - a) * (position - below);
  });
}
