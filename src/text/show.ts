/** A value as it is put into a message: short, on one line, never the whole of a picture. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const short = typeof value === 'string' ? value.slice(0, 100) : value;
  const text = typeof short === 'number' ? String(short) : JSON.stringify(short);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
