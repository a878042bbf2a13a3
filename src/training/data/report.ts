import type { CheckedPair } from './check-pair.ts';
import type { SetEntry } from './contract/entry.ts';
import { invalidSet } from './contract/invalid-set.ts';
import type { BadFile, Laid, Layout } from './contract/layout.ts';
import type { SetRules } from './rules.ts';
import type { Named, SetReport } from './set-report.ts';
import { epochLength } from './set.ts';

/** Names that a report holds of a list. */
const shown = 20;

/** Characters that a report shows of a caption, which may have 64 KiB: many more than are read of one. */
const captionCharacters = 1000;

export function named<T>(list: readonly T[]): Named<T> {
  return { count: list.length, first: list.slice(0, shown) };
}

/** All that is bad in one message: how many, and the first of them by name. */
export function badFiles(bad: readonly BadFile[], of: number): Error {
  const lines = bad.slice(0, shown).map(({ name, reason }) => `${name}: ${reason}`);
  const more = bad.length > shown ? ` And ${bad.length - shown} more.` : '';
  return invalidSet(
    `Expected ${of} pairs that can be used but ${bad.length} cannot: ${lines.join(' ')}${more} Mend them, or leave them out with on_bad "skip".`,
    { errors: bad.slice(0, shown).map(({ name, reason }) => ({ code: 'invalid_set', detail: reason, field: name })) },
  );
}

/** What is known of a set once it is read. */
export interface ReadSet {
  readonly layout: Layout;
  readonly laid: Laid;
  /** Those that are used. */
  readonly pairs: readonly CheckedPair[];
  readonly bad: readonly BadFile[];
  readonly missing: readonly CheckedPair[];
  readonly clutter: number;
  readonly files: readonly SetEntry[];
}

export function reportOf(
  { layout, laid, pairs, bad, missing, clutter, files }: ReadSet,
  { resolution: { width, height }, tokens }: SetRules,
): SetReport {
  const namesOf = (list: readonly { readonly name: string }[]): Named<string> => named(list.map(({ name }) => name));
  return {
    layout: layout.id,
    pairs: pairs.length,
    epoch: epochLength(pairs),
    maps: {
      given: pairs.filter(({ map }) => map !== null).length,
      missing: namesOf(missing.map(({ picture }) => picture)),
      surplus: namesOf(laid.surplusMaps),
    },
    bad: named(bad),
    captions: {
      found: pairs.filter(({ captioned }) => captioned).length,
      empty: pairs.filter(({ caption }) => caption === '').length,
      cut: tokens === null ? 0 : pairs.filter(({ caption }) => tokens.count(caption) > tokens.most).length,
      tokens: tokens?.most ?? null,
    },
    clutter,
    unused: namesOf(unusedOf(files, laid)),
    twice: pairs.length - new Set(pairs.map(({ key }) => key)).size,
    enlarged: pairs.filter(({ picture }) => picture.width < width || picture.height < height).length,
    settings: laid.settings,
    first: pairs.slice(0, 3).map(({ picture, map, caption }) => ({
      picture: picture.name,
      map: map?.name ?? null,
      caption: startOf(caption),
    })),
  };
}

/** Half a character at the end is left out. */
function startOf(caption: string): string {
  if (caption.length <= captionCharacters) return caption;
  return `${caption.slice(0, captionCharacters - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}

function unusedOf(files: readonly SetEntry[], { pairs, lists, surplusMaps }: Laid): readonly SetEntry[] {
  const used = new Set<SetEntry>([...lists, ...surplusMaps]);
  for (const { picture, map, caption } of pairs) {
    used.add(picture);
    if (map !== null) used.add(map);
    if (caption !== null && 'file' in caption) used.add(caption.file);
  }
  return files.filter((entry) => !used.has(entry));
}
