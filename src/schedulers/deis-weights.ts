const { fround } = Math;

/**
 * How much each of the last predictions of the noise counts in a step of DEIS from rhos[0] to `to`: the integrals over rho = sigma / alpha of the
 * polynomials in log rho that are 1 at one of the levels and 0 at the others. Newest first, as the levels are; of one to three.
 */
export function deisWeights(to: number, rhos: readonly number[]): number[] {
  const [from = 0] = rhos;
  return rhos.map((rho, index) => {
    // In the order of the references: of two roots the next older one comes first, around the end.
    const roots = [...rhos.slice(index + 1), ...rhos.slice(0, index)].map(logarithm);
    return integral(to, logarithm(rho), roots) - integral(from, logarithm(rho), roots);
  });
}

/** The integral of the polynomial in log x that is 1 at log x = `at` and 0 at all of at most two roots, from 0 to `rho`. */
function integral(rho: number, at: number, roots: readonly number[]): number {
  const [c, d] = roots;
  if (c === undefined) return rho;
  const t = logarithm(rho);
  if (d === undefined) return (rho * (t - c - 1)) / (at - c);
  // In float32, operation by operation: with three levels close together the terms cancel to a few digits, and the references have those of float32.
  let sum = fround(c * fround(fround(d - t) + 1));
  for (const term of [-fround(d * t), d, fround(t * t), -fround(2 * t), 2]) sum = fround(sum + term);
  return fround(fround(fround(rho) * sum) / fround(fround(at - c) * fround(at - d)));
}

function logarithm(rho: number): number {
  return fround(Math.log(rho));
}
