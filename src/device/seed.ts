/** Seed of output `index`: seeds wrap around at 2^32, as the generator's do. */
export function seedOf(seed: number, index: number): number {
  return (seed + index) % 2 ** 32;
}
