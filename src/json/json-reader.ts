import { exactNumber, longestNumber } from './exact-number.ts';
import { JsonRefusal, type JsonFault } from './json-refusal.ts';

/** Arrays and objects inside each other: no request needs more than eight. */
export const longestNesting = 32;
/** Names of one object: metadata of 4096 bytes hold fewer. */
const mostNames = 1000;
/** Bytes of one name. */
const longestName = 4096;

/** An array or an object that is not closed yet. */
interface Open {
  readonly value: unknown[] | Record<string, unknown>;
  readonly isArray: boolean;
  name: string;
  count: number;
}

export const [quote, comma] = [0x22, 0x2c];
const [backslash, colon, minus] = [0x5c, 0x3a, 0x2d];
export const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const literals: ReadonlyMap<number, readonly [string, unknown]> = new Map([
  [0x74, ['true', true]],
  [0x66, ['false', false]],
  [0x6e, ['null', null]],
]);

/** What a byte of a string does: goes on with it, goes on and is no ASCII, ends it, escapes, or may not be there. */
const [plain, wide, ending, escaping, forbidden] = [0, 1, 2, 3, 4];
const roles = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20) return forbidden;
  if (byte === quote) return ending;
  if (byte === backslash) return escaping;
  return byte < 0x80 ? plain : wide;
});
const isSpace = Uint8Array.from({ length: 256 }, (_, byte) => (spaces.has(byte) ? 1 : 0));
const ofNumber = Uint8Array.from({ length: 256 }, (_, byte) => (/[-+.\deE]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** Bytes of a string or of white space that are passed in one step. */
const bytesOfStep = 2 ** 18;

/** Where reading is in a text, and what is not closed yet. Each generator yields where others should get their turn. */
export class Reader {
  readonly open: Open[] = [];
  at = 0;
  readonly #bytes: Buffer;
  readonly #givenBack: boolean;

  constructor(bytes: Buffer, givenBack: boolean) {
    this.#bytes = bytes;
    this.#givenBack = givenBack;
  }

  refusal(kind: JsonFault['kind'], found = this.#found(), path = this.#path()): JsonRefusal {
    return new JsonRefusal({ kind, found, at: this.at, path });
  }

  #path(): (string | number)[] {
    return this.open.map(({ isArray, count, name }) => (isArray ? count : name));
  }

  /** Of the innermost object, whose next name is not known yet. */
  #pathOfObject(): (string | number)[] {
    return this.#path().slice(0, -1);
  }

  #refusalOfName(found: string): JsonRefusal {
    return this.refusal('name', found, this.#pathOfObject());
  }

  /** Passes white space; true where there is so much that others should get their turn. */
  skipSpace(): boolean {
    const bytes = this.#bytes;
    const end = this.at + bytesOfStep;
    let at = this.at;
    while (isSpace[bytes[at]!] === 1 && at < end) at += 1;
    this.at = at;
    return at === end;
  }

  *skipMoreSpace(): Generator<undefined, void> {
    do yield;
    while (this.skipSpace());
  }

  /** Whether an array or an object ends here before it has anything in it. */
  closesEmpty({ isArray, count }: Open): boolean {
    return count === 0 && this.#bytes[this.at] === (isArray ? closeBracket : closeBrace);
  }

  enter(isArray: boolean): void {
    if (this.open.length === longestNesting) throw this.refusal('deep');
    this.open.push({ value: isArray ? [] : {}, isArray, name: '', count: 0 });
    this.at += 1;
  }

  put(inner: Open, value: unknown): void {
    if (Array.isArray(inner.value)) inner.value.push(value);
    else inner.value[inner.name] = value;
    inner.count += 1;
  }

  /** The name of what comes next in an object, up to the colon. */
  *name(inner: Open): Generator<undefined, string> {
    if (this.#bytes[this.at] !== quote) throw this.refusal('syntax');
    const start = this.at;
    const name = yield* this.text();
    if (this.at - start > longestName) throw this.#refusalOfName('one of more than 4096 bytes');
    if (name === '__proto__') throw this.#refusalOfName('"__proto__"');
    if (Object.hasOwn(inner.value, name)) throw this.refusal('twice', name, [...this.#pathOfObject(), name]);
    if (inner.count === mostNames) throw this.#refusalOfName(`more than ${mostNames} of them`);
    if (this.skipSpace()) yield* this.skipMoreSpace();
    if (this.#bytes[this.at] !== colon) throw this.refusal('syntax');
    this.at += 1;
    return name;
  }

  /** The text that begins here. */
  *text(): Generator<undefined, string> {
    const bytes = this.#bytes;
    const pieces: string[] = [];
    let start = this.at + 1;
    for (let at = start; ;) {
      const stop = start + bytesOfStep;
      let seen = plain;
      let role = roles[bytes[at]!];
      while (at < stop && (role === plain || role === wide)) {
        seen |= role;
        at += 1;
        role = roles[bytes[at]!];
      }
      // At the bound: back to where a character of UTF-8 begins.
      while ((bytes[at]! & 0xc0) === 0x80) at -= 1;
      if (at > start) pieces.push(bytes.toString(seen === plain ? 'latin1' : 'utf8', start, at));
      if (role === ending) {
        this.at = at + 1;
        return pieces.length === 1 ? pieces[0]! : pieces.join('');
      }
      this.at = at;
      if (role === escaping) at = this.#escapes(at, pieces);
      else if (role !== plain && role !== wide) throw this.refusal('syntax');
      yield;
      start = at;
    }
  }

  /** Takes the escapes that follow each other, and what stands between them, up to a bound or to the end of the text. */
  #escapes(start: number, pieces: string[]): number {
    const bytes = this.#bytes;
    const stop = start + bytesOfStep;
    let at = start;
    while (at < stop) {
      const role = roles[bytes[at]!];
      if (role === escaping) at += bytes[at + 1] === 0x75 ? 6 : 2;
      else if (role === plain || role === wide) at += 1;
      else break;
    }
    while ((bytes[at]! & 0xc0) === 0x80) at += 1;
    try {
      pieces.push(JSON.parse(`"${bytes.toString('utf8', start, at)}"`) as string);
    } catch {
      throw this.refusal('syntax');
    }
    return at;
  }

  scalar(byte: number | undefined): unknown {
    const literal = byte === undefined ? undefined : literals.get(byte);
    if (literal === undefined) return this.#number(byte);
    const [text, value] = literal;
    if (this.#bytes.toString('latin1', this.at, this.at + text.length) !== text) throw this.refusal('syntax');
    this.at += text.length;
    return value;
  }

  #number(byte: number | undefined): number {
    if (byte === undefined || !(byte === minus || (byte >= 0x30 && byte <= 0x39))) throw this.refusal('syntax');
    const bytes = this.#bytes;
    let end = this.at;
    while (ofNumber[bytes[end]!] === 1) {
      end += 1;
      if (end - this.at > longestNumber) throw this.refusal('number', `one of more than ${longestNumber} digits`);
    }
    const text = bytes.toString('latin1', this.at, end);
    const value = exactNumber(text, this.#givenBack || this.open.some(({ name }) => name.startsWith('metadata')));
    if (value === undefined) throw this.refusal('syntax');
    if (value === null) throw this.refusal('number', text);
    this.at = end;
    return value;
  }

  #found(): string {
    if (this.at >= this.#bytes.length) return 'the end';
    const start = this.#bytes.toString('utf8', this.at, this.at + 8);
    return JSON.stringify(String.fromCodePoint(start.codePointAt(0) ?? 0));
  }
}
