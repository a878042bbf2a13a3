/** Vectors whose cosine is beyond this are so close to one line that the angle between them says nothing. */
const nearlyParallel = 0.9995;

/**
 * The point at `share` (0 .. 1) of the way from `from` to `to` along the arc between them, both taken as one vector whatever shape
 * they have, in float64 (Shoemake 1985): of two standard normals it is one again. Along the straight line where they are nearly
 * parallel. A new array; with a share of 0 the values of `from`, with 1 those of `to`, bit for bit.
 */
export function slerp(from: Float32Array, to: Float32Array, share: number): Float32Array {
  const [first, second] = weightsAt(cosineOf(from, to), share);
  return from.map((value, i) => first * value + second * (to[i] ?? 0));
}

function weightsAt(cosine: number, share: number): readonly [number, number] {
  if (share === 0 || share === 1 || Math.abs(cosine) > nearlyParallel) return [1 - share, share];
  const angle = Math.acos(cosine);
  return [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    product += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return product / Math.sqrt(ofA * ofB);
}
