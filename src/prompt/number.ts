/** Digits have one way to be read: of `\d+\.?\d*` a long row of them would have as many as it is long, and each is tried. */
const signed = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** The number that a piece of a prompt is, with white space around it; null where it is anything else. */
export function numberOf(text: string): number | null {
  const trimmed = text.trim();
  return signed.test(trimmed) ? Number(trimmed) : null;
}
