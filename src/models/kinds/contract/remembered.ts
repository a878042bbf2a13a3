/** The value of a key, worked out where it is not known; of more than `most` the one that was worked out first is forgotten. What fails with `lasting` fails again without a try. */
export async function remembered<Value>(
  known: Map<string, Promise<Value>>,
  most: number,
  key: string,
  find: () => Promise<Value>,
  lasting: (error: unknown) => boolean,
): Promise<Value> {
  const before = known.get(key);
  if (before !== undefined) return await before;
  const finding = find();
  known.set(key, finding);
  finding.catch((error: unknown) => {
    if (!lasting(error)) known.delete(key);
  });
  for (const oldest of known.keys()) {
    if (known.size <= most) break;
    known.delete(oldest);
  }
  return await finding;
}
