import { ArmatureError } from '../errors.ts';

/** Arrays and objects inside each other: no request needs more than eight. */
export const longestNesting = 32;

/**
 * Refuses JSON that is nested deeper than anything meant: it would use up memory in the parser, and the stack in whatever
 * walks what it makes. Looks at the text alone, which costs less than parsing it.
 */
export function refuseDeepJson(text: string, field?: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openBracket || code === openBrace) {
      depth += 1;
      if (depth > longestNesting) throw tooDeep(field);
    } else if (code === closeBracket || code === closeBrace) depth -= 1;
  }
}

const [quote, backslash] = [0x22, 0x5c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Index of the quote that ends the string which begins at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function tooDeep(field: string | undefined): ArmatureError {
  const detail = `Expected JSON with at most ${longestNesting} arrays and objects inside each other.`;
  return new ArmatureError('invalid_request', detail, field === undefined ? {} : { field });
}

/** As {@link refuseDeepJson}, for what was parsed already. */
export function refuseDeepValue(value: unknown, field: string): void {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > longestNesting) throw tooDeep(field);
    level = level.filter((each) => typeof each === 'object' && each !== null).flatMap((each) => Object.values(each));
  }
}

/** Parses JSON that came as a part of a form; `invalid_request` that names the part where it cannot be. */
export function parseJsonPart(text: string, part: string): unknown {
  refuseDeepJson(text, part);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = `Expected the part ${part} to be JSON but it cannot be parsed.`;
    throw new ArmatureError('invalid_request', detail, { field: part, cause });
  }
}
