import { numberOf } from './number.ts';
import { placesOfWord } from './words.ts';

/** A piece of a prompt and how much weight it has; 1 is none in particular. */
export interface Piece {
  readonly text: string;
  readonly weight: number;
}

/** What stands between two BREAKs, in pieces of different weight; at least one. */
export type Section = readonly Piece[];

const round = 1.1;
const square = 1 / 1.1;

/**
 * Reads the emphasis of a prompt in A1111's grammar: `(x)` multiplies the weight by 1.1, `[x]` divides by it, `(x:1.3)` multiplies by
 * 1.3, nesting multiplies, a backslash takes a bracket for what it is, brackets that are left open reach to the end and those that
 * close nothing are text. `BREAK` as a word of its own ends a section. Takes time linear in the length of the text.
 */
export function parseEmphasis(text: string): readonly Section[] {
  const { tokens, ranges } = scan(text);
  const sections: Piece[][] = [[]];
  const weights = { round: new Product(), square: new Product() };
  tokens.forEach((token, index) => {
    for (const { bracket, factor } of ranges.opened.get(index) ?? []) weights[bracket].push(factor);
    const weight = weights.round.value * weights.square.value;
    if (token === breaks) sections.push([]);
    else sections.at(-1)?.push({ text: token, weight });
    for (const bracket of ranges.closed.get(index + 1) ?? []) weights[bracket].pop();
  });
  return sections.map(merged);
}

const breaks = Symbol('BREAK');
type Token = string | typeof breaks;
type Bracket = 'round' | 'square';

/** Which tokens are in brackets: each opens before a token and closes after one. Those of one kind never cross. */
interface Ranges {
  readonly opened: Map<number, { readonly bracket: Bracket; readonly factor: number }[]>;
  readonly closed: Map<number, Bracket[]>;
}

/** A product whose factors go in the order in which they came, the last first: what is left is what was there before, to the bit. */
class Product {
  readonly #values = [1];

  get value(): number {
    return this.#values.at(-1) ?? 1;
  }

  push(factor: number): void {
    this.#values.push(this.value * factor);
  }

  pop(): void {
    this.#values.pop();
  }
}

/** The text without its brackets, cut at them, and what they hold. */
function scan(text: string): { readonly tokens: readonly Token[]; readonly ranges: Ranges } {
  const tokens: Token[] = [];
  const found: { readonly bracket: Bracket; readonly from: number; readonly to: number; readonly factor: number }[] =
    [];
  const open: Record<Bracket, number[]> = { round: [], square: [] };
  const close = (bracket: Bracket, factor: number): boolean => {
    const from = open[bracket].pop();
    if (from !== undefined && from < tokens.length) found.push({ bracket, from, to: tokens.length, factor });
    return from !== undefined;
  };
  for (let at = 0; at < text.length;) {
    const char = text[at];
    let end = at + 1;
    if (char === '\\') {
      end = at + (isEscapable(text[at + 1]) ? 2 : 1);
      tokens.push(text.slice(at + 1, end));
    } else if (char === '(') open.round.push(tokens.length);
    else if (char === '[') open.square.push(tokens.length);
    else if (char === ')') {
      if (!close('round', round)) tokens.push(char);
    } else if (char === ']') {
      if (!close('square', square)) tokens.push(char);
    } else if (char === ':') {
      const weight = weightAt(text, at);
      end = weight?.end ?? end;
      if (weight === null || !close('round', weight.factor)) tokens.push(text.slice(at, end));
    } else {
      end = endOfPlain(text, at);
      tokens.push(...atBreaks(text.slice(at, end)));
    }
    at = end;
  }
  while (open.round.length > 0) close('round', round);
  while (open.square.length > 0) close('square', square);
  return { tokens, ranges: rangesOf(found) };
}

function isEscapable(char: string | undefined): boolean {
  return char !== undefined && '()[]\\'.includes(char);
}

/** Where the brackets open and close, outer ones first. */
function rangesOf(
  found: readonly { readonly bracket: Bracket; readonly from: number; readonly to: number; readonly factor: number }[],
): Ranges {
  const ranges: Ranges = { opened: new Map(), closed: new Map() };
  // An inner one was closed before its outer one.
  for (const { bracket, from, to, factor } of found.toReversed()) {
    const opened = ranges.opened.get(from) ?? [];
    ranges.opened.set(from, opened);
    opened.push({ bracket, factor });
    const closed = ranges.closed.get(to) ?? [];
    ranges.closed.set(to, closed);
    closed.push(bracket);
  }
  return ranges;
}

/** `: 1.3 )`, which closes a round bracket: its number and where it ends. */
function weightAt(text: string, at: number): { readonly factor: number; readonly end: number } | null {
  let end = at + 1;
  while (end < text.length && /[\s\d.+-]/.test(text[end] ?? '')) end += 1;
  const factor = text[end] === ')' ? numberOf(text.slice(at + 1, end)) : null;
  return factor === null ? null : { factor, end: end + 1 };
}

function endOfPlain(text: string, from: number): number {
  let end = from;
  while (end < text.length && !'\\()[]:'.includes(text[end] ?? '')) end += 1;
  return end;
}

/** Plain text cut at its BREAKs, which take the white space around them with them. */
function atBreaks(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let from = 0;
  for (const at of placesOfWord(text, 'BREAK')) {
    const before = text.slice(from, at);
    tokens.push(from === 0 ? before.trimEnd() : before.trim(), breaks);
    from = at + 'BREAK'.length;
  }
  return [...tokens, from === 0 ? text : text.slice(from).trimStart()];
}

/** Neighbours of equal weight are one piece; a section without any is one of no text. */
function merged(pieces: readonly Piece[]): Section {
  const whole: { readonly texts: string[]; readonly weight: number }[] = [];
  for (const { text, weight } of pieces) {
    const last = whole.at(-1);
    if (last?.weight === weight) last.texts.push(text);
    else whole.push({ texts: [text], weight });
  }
  if (whole.length === 0) return [{ text: '', weight: 1 }];
  return whole.map(({ texts, weight }) => ({ text: texts.join(''), weight }));
}
