/** A piece of text, or the name of a learned word that stands there, in lower case. */
export type NamedText = { readonly text: string } | { readonly name: string };

/** Names that are looked for in prompts, found by how they begin. */
export type NameIndex = ReadonlyMap<string, NamesAlike>;

/** Names that begin alike, and how long they are. */
interface NamesAlike {
  readonly names: ReadonlySet<string>;
  readonly lengths: readonly number[];
}

/** Characters that names are told apart by before they are compared whole. */
const indexed = 3;

const letterOrDigit = /[\p{L}\p{N}]/u;

/** Whether a name can be told from punctuation: it has a letter or a digit. */
export function isName(name: string): boolean {
  return letterOrDigit.test(name);
}

/** A text in lower case, of the length that it has. */
export function foldCase(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return Array.from(text, (char) => (char.toLowerCase().length === char.length ? char.toLowerCase() : char)).join('');
}

/** Names to be looked for; those without a letter or a digit are left out. */
export function indexNames(names: Iterable<string>): NameIndex {
  const index = new Map<string, Set<string>>();
  for (const name of [...names].filter(isName).map(foldCase)) {
    const start = name.slice(0, indexed);
    index.set(start, (index.get(start) ?? new Set()).add(name));
  }
  return new Map(
    [...index].map(([start, alike]) => [
      start,
      { names: alike, lengths: [...new Set([...alike].map(({ length }) => length))] },
    ]),
  );
}

/**
 * A text cut at the names in it, whatever their case: the longest name first, as whole words. A name that begins or ends with a letter or a
 * digit must not touch another one there. Texts between names keep their white space; empty ones are left out. Takes time linear in the
 * text, and in the number of lengths that names have which begin alike, however many those are.
 */
export function splitAtNames(text: string, names: NameIndex): readonly NamedText[] {
  if (text === '') return [];
  if (names.size === 0) return [{ text }];
  const found = occurrences(foldCase(text), names);
  if (found.length === 0) return [{ text }];
  const taken: Occurrence[] = [];
  const isTaken = new Uint8Array(text.length);
  for (const one of found.toSorted((a, b) => b.name.length - a.name.length || a.at - b.at)) {
    const end = one.at + one.name.length;
    // A longer name that overlaps covers one of its ends.
    if (isTaken[one.at] === 1 || isTaken[end - 1] === 1) continue;
    isTaken.fill(1, one.at, end);
    taken.push(one);
  }
  const parts: NamedText[] = [];
  let from = 0;
  for (const { at, name } of taken.toSorted((a, b) => a.at - b.at)) {
    if (at > from) parts.push({ text: text.slice(from, at) });
    parts.push({ name });
    from = at + name.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

interface Occurrence {
  readonly at: number;
  readonly name: string;
}

function occurrences(lower: string, names: NameIndex): readonly Occurrence[] {
  const found: Occurrence[] = [];
  for (let at = 0; at < lower.length; at += 1) {
    for (let length = 1; length <= indexed && at + length <= lower.length; length += 1) {
      const alike = names.get(lower.slice(at, at + length));
      // No name begins within a word.
      if (alike === undefined || touch(lower, at)) continue;
      for (const whole of alike.lengths) {
        const name = lower.slice(at, at + whole);
        if (alike.names.has(name) && !touch(lower, at + whole)) found.push({ at, name });
      }
    }
  }
  return found;
}

/** Whether a letter or digit stands right before a place and another one right behind it. */
function touch(text: string, at: number): boolean {
  const before = /.$/su.exec(text.slice(Math.max(0, at - 2), at))?.[0] ?? '';
  const behind = /^./su.exec(text.slice(at, at + 2))?.[0] ?? '';
  return letterOrDigit.test(before) && letterOrDigit.test(behind);
}
