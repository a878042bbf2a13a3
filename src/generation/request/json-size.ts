/** Whether a JSON value takes more than `most` bytes as JSON in UTF-8. Stops as soon as that shows. */
export function isLongerThan(value: unknown, most: number): boolean {
  return rest(value, most) < 0;
}

/** What is left of `bytes` once the value is written; negative where it is too long. */
function rest(value: unknown, bytes: number): number {
  if (bytes < 0) return bytes;
  if (typeof value === 'string') return bytes - lengthOf(value, bytes);
  if (typeof value !== 'object' || value === null) return bytes - JSON.stringify(value).length;
  let left = bytes - 2;
  let separators = -1;
  const add = (entry: unknown, name: string | null): boolean => {
    separators += 1;
    left -= name === null ? 0 : lengthOf(name, left) + 1;
    left = rest(entry, left);
    return left >= separators;
  };
  if (Array.isArray(value)) value.every((entry) => add(entry, null));
  else Object.entries(value).every(([name, entry]) => add(entry, name));
  return left - Math.max(separators, 0);
}

/** Bytes of a text as JSON, or more than `most` where it has more. */
function lengthOf(text: string, most: number): number {
  if (text.length > most) return text.length;
  return new TextEncoder().encode(JSON.stringify(text)).length;
}

/** Whether a JSON value is, or has in it, more than `most` values. Stops as soon as that shows. */
export function hasMoreValues(value: unknown, most: number): boolean {
  return unused(value, most) < 0;
}

function unused(value: unknown, most: number): number {
  let left = most - 1;
  if (typeof value !== 'object' || value === null) return left;
  Object.values(value).every((entry) => {
    left = unused(entry, left);
    return left >= 0;
  });
  return left;
}
