/** The length of all gradients as one vector. NaN or infinite where one of their numbers is. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let index = 0; index < gradient.length; index++) sum += (gradient[index] as number) ** 2;
  }
  return Math.sqrt(sum);
}

/** What gradients of this length are multiplied by so that they are at most `most` long (Pascanu et al., 2013; torch adds 1e-6 likewise). */
export function clippingScale(norm: number, most: number): number {
  return Math.min(1, most / (norm + 1e-6));
}
