/** What is known of a JSON text before it is parsed. */
export interface JsonOutline {
  /** Members of the outermost object; counted as far as `mostMembers` and one more. */
  readonly members: number;
  /** How deep brackets nest; counted as far as `deepest` and one more. */
  readonly depth: number;
  /** The first name that an object has twice, however deep, or null: JSON.parse keeps the last of them in silence. */
  readonly twice: string | null;
}

export interface JsonBounds {
  readonly mostMembers: number;
  readonly deepest: number;
}

/** Whether a text that is meant to be JSON stays within bounds: what is small on the disk may be large, or deep, once it is parsed. */
export function isWithin(text: string, bounds: JsonBounds): boolean {
  const { members, depth } = outlineOf(text, bounds);
  return members <= bounds.mostMembers && depth <= bounds.deepest;
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Goes through a JSON text once, without building anything, and stops where a bound is passed. It takes time in proportion to
 * the text's length; whether the text is valid is the parser's business.
 */
export function outlineOf(text: string, { mostMembers, deepest }: JsonBounds): JsonOutline {
  /** The names of each object that is open, and null for an array. */
  const open: (Set<string> | null)[] = [];
  let [members, most] = [0, 0];
  for (let at = 0; at < text.length && members <= mostMembers && most <= deepest; at++) {
    const code = text.charCodeAt(at);
    if (code === openBrace || code === openBracket) {
      most = Math.max(most, open.push(code === openBrace ? new Set() : null));
    } else if (code === closeBrace || code === closeBracket) open.pop();
    else if (code === quote) {
      const end = endOfString(text, at);
      const names = open.at(-1) ?? null;
      if (names !== null && nextSign(text, end) === colon) {
        if (open.length === 1) members++;
        const name = nameIn(text.slice(at, end));
        if (name !== null && names.has(name)) return { members, depth: most, twice: name };
        if (name !== null) names.add(name);
      }
      at = end - 1;
    }
  }
  return { members, depth: most, twice: null };
}

/** The position behind the quotation mark that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ;) {
    const end = text.indexOf('"', at);
    if (end === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash && end - slashes > at) slashes++;
    if (slashes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

function nextSign(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at);
}

function nameIn(written: string): string | null {
  if (!written.includes('\\')) return written.slice(1, -1);
  try {
    return JSON.parse(written) as string;
  } catch {
    return null;
  }
}
