import type { SetEntry } from '../contract/entry.ts';
import type { SetFiles } from '../contract/layout.ts';

/** The files of a set by name. Folders around all of them are taken off, unless their name says how often a picture comes. */
export function setFiles(entries: readonly SetEntry[]): SetFiles {
  const prefix = prefixOf(entries);
  const all = prefix === '' ? entries : entries.map((entry) => ({ ...entry, name: entry.name.slice(prefix.length) }));
  return { all, byName: new Map(all.map((entry) => [entry.name, entry])) };
}

function prefixOf(entries: readonly SetEntry[]): string {
  let prefix = '';
  for (;;) {
    const [first] = entries;
    const folder = first === undefined ? null : /^([^/]+)\//.exec(first.name.slice(prefix.length))?.[1];
    if (folder === null || folder === undefined || repeatsOf(folder) !== null) return prefix;
    const next = `${prefix}${folder}/`;
    if (!entries.every(({ name }) => name.startsWith(next))) return prefix;
    prefix = next;
  }
}

/** A folder's name that says how often its pictures come and what is on them: `30_cat`; null for any other. */
export function repeatsOf(folder: string): { readonly repeats: number; readonly words: string } | null {
  const [, repeats, words] = /^(\d{1,5})_(.*)$/.exec(folder) ?? [];
  return repeats === undefined || words === undefined ? null : { repeats: Number(repeats), words: words.trim() };
}
