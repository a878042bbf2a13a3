const signed = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** The number that a piece of a prompt is, with white space around it; null where it is anything else. */
export function numberOf(text: string): number | null {
  const trimmed = text.trim();
  return signed.test(trimmed) ? Number(trimmed) : null;
}
