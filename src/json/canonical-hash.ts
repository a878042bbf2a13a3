import { createHash } from 'node:crypto';
import { isOverdue, nextTurn } from './turns.ts';

/** Characters and bytes that are hashed before others may get their turn. */
const pieceLength = 2 ** 18;
const pieceBytes = 2 ** 20;

/** SHA-256 of bytes, in hexadecimal digits. Others get their turn meanwhile. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    hash.update(bytes.subarray(start, start + pieceBytes));
    if (isOverdue()) await nextTurn();
  }
  return hash.digest('hex');
}

/** SHA-256 of the one text that all equal JSON values have, as {@link CanonicalHash} writes it. */
export async function canonicalHash(value: unknown): Promise<string> {
  const hash = new CanonicalHash();
  await hash.value(value);
  return hash.digest();
}

/** An array or an object that is not written to its end. */
interface Open {
  readonly values: Readonly<Record<string, unknown>> | readonly unknown[];
  /** Null for an array. */
  readonly names: readonly string[] | null;
  at: number;
}

/**
 * Hashes JSON that need not be there as a whole: without white space, names in the order of their UTF-16 code units. Others get
 * their turn meanwhile, and no depth is too much.
 */
export class CanonicalHash {
  readonly #hash = createHash('sha256');
  #pending = '';

  /** Adds a piece of the text itself. */
  text(text: string): void {
    this.#pending += text;
    if (this.#pending.length < pieceLength) return;
    this.#hash.update(this.#pending);
    this.#pending = '';
  }

  async value(value: unknown): Promise<void> {
    const open: Open[] = [];
    let next = value;
    for (;;) {
      if (typeof next === 'object' && next !== null) open.push(this.#enter(next as Open['values']));
      else if (typeof next === 'string' && next.length > pieceLength) await this.#longText(next);
      else this.text(JSON.stringify(next) ?? 'null');
      while (open.length > 0 && !this.#goesOn(open.at(-1)!)) open.pop();
      const inner = open.at(-1);
      if (inner === undefined) return;
      next = Reflect.get(inner.values, inner.names === null ? inner.at : inner.names[inner.at]!);
      inner.at += 1;
      if (isOverdue()) await nextTurn();
    }
  }

  digest(): string {
    return this.#hash.update(this.#pending).digest('hex');
  }

  #enter(value: readonly unknown[] | Readonly<Record<string, unknown>>): Open {
    const isArray = Array.isArray(value);
    this.text(isArray ? '[' : '{');
    if (isArray) return { values: value, names: null, at: 0 };
    const names = Object.entries(value).flatMap(([name, inner]) => (inner === undefined ? [] : [name]));
    return { values: value, names: names.toSorted(), at: 0 };
  }

  /** Writes what stands before the next entry, or the end where there is none. */
  #goesOn({ values, names, at }: Open): boolean {
    const count = names === null ? (values as readonly unknown[]).length : names.length;
    if (at === count) {
      this.text(names === null ? ']' : '}');
      return false;
    }
    this.text((at === 0 ? '' : ',') + (names === null ? '' : `${JSON.stringify(names[at])}:`));
    return true;
  }

  async #longText(text: string): Promise<void> {
    this.text('"');
    for (let start = 0; start < text.length;) {
      let end = Math.min(start + pieceLength, text.length);
      // Not between the halves of a pair.
      if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800 && end < text.length) end += 1;
      this.text(JSON.stringify(text.slice(start, end)).slice(1, -1));
      start = end;
      if (isOverdue()) await nextTurn();
    }
    this.text('"');
  }
}
