/** Digits that a double always gives back, and digits by which each is told from its neighbours. */
const safeDigits = 15;
const tellingDigits = 17;

/** Characters of the longest number that is read: every double that is written out without an exponent is shorter. */
export const longestNumber = 400;

const grammar = /^-?(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;

/**
 * The double that a number of JSON means; null where that would be another number: an integer beyond 2^53 that no double is,
 * one like 1e400, or more digits than a double keeps. Where it is `given back` to the client it has to be written as the same
 * number; where it is only used, the 17 digits will do by which some programs write every double. Undefined where the text is no
 * number of JSON.
 */
export function exactNumber(text: string, givenBack: boolean): number | null | undefined {
  const parts = text.length > longestNumber ? null : grammar.exec(text);
  if (parts === null) return undefined;
  const value = Number(text);
  const written = decimalOf(parts);
  if (!Number.isFinite(value)) return null;
  if (written.digits === '') return value;
  if (written.digits.length <= safeDigits && Math.abs(value) > 1e-300) return value;
  if (isSame(written, decimalOf(grammar.exec(String(value))))) return value;
  if (givenBack || written.digits.length > tellingDigits) return null;
  const precise = value.toPrecision(written.digits.length);
  return isSame(written, decimalOf(grammar.exec(precise))) ? value : null;
}

/** The number 0.`digits` times ten to the power of `exponent`, without zeros at either end; no digits for zero. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function decimalOf(parts: RegExpExecArray | null): Decimal {
  const [, whole = '', fraction = '', power = '0'] = parts ?? [];
  const all = whole + fraction;
  let first = 0;
  while (all[first] === '0') first += 1;
  let end = all.length;
  while (end > first && all[end - 1] === '0') end -= 1;
  return { digits: all.slice(first, end), exponent: whole.length - first + Number(power) };
}

function isSame(a: Decimal, b: Decimal): boolean {
  return a.digits === b.digits && a.exponent === b.exponent;
}
