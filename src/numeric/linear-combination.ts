export type WeightedValues = readonly [weight: number, values: Float32Array];

/**
 * The sum of `weight * values` over all terms, summed in float64 and rounded once to float32. All terms have the same
 * length; the result is a new array.
 */
export function linearCombination(terms: readonly WeightedValues[]): Float32Array {
  const [first] = terms;
  const sum = new Float64Array(first?.[1].length ?? 0);
  for (const [weight, values] of terms) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * (values[i] ?? 0);
  }
  return Float32Array.from(sum);
}
