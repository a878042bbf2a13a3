/**
 * How much each of the last slopes counts in a linear multistep step from levels[0] to `to`: the integrals of the polynomials that are 1 at one of
 * the levels and 0 at the others (Adams and Bashforth's method for uneven steps). Newest first, as the levels are.
 */
export function lmsWeights(to: number, levels: readonly number[]): number[] {
  const [from = 0] = levels;
  return levels.map((level, index) => {
    const others = levels.filter((_, other) => other !== index);
    // In the distance from where the step starts: the levels themselves are large beside it in the end.
    let polynomial = [1];
    for (const other of others) polynomial = timesLine(polynomial, from - other, level - other);
    const distance = to - from;
    return polynomial.reduce((sum, factor, power) => sum + (factor * distance ** (power + 1)) / (power + 1), 0);
  });
}

/** (factors[0] + factors[1] x + ...) (x + root) / scale. */
function timesLine(factors: readonly number[], root: number, scale: number): number[] {
  return [...factors, 0].map((factor, power) => (factor * root + (factors[power - 1] ?? 0)) / scale);
}
