import type { SetEntry } from '../contract/entry.ts';
import type { BadFile, Layout, PairDraft, SetFiles } from '../contract/layout.ts';
import { pairBeside } from './beside.ts';
import { isPicture, stemOf } from './file-names.ts';

const mapFolders = /^_?(?:condition(?:s|ing)?(?:_images?)?|maps?|controls?(?:_images?)?|hints?|source)$/i;

/** Pictures, and beside their folder one of maps, in which each has the name of its picture. */
export const mapFolder: Layout = {
  id: 'map-folder',
  looks: 'pictures beside a folder "maps" or "conditioning_images" of maps with the same names',
  fits: (files) => sidesOf(files) !== null,
  read: async (files) => {
    const { pictures, maps } = sidesOf(files)!;
    const byStem = new Map<string, SetEntry[]>();
    for (const map of maps) {
      const stem = stemOf(below(map));
      byStem.set(stem, [...(byStem.get(stem) ?? []), map]);
    }
    const pairs: PairDraft[] = [];
    const bad: BadFile[] = [];
    const used = new Set<SetEntry>();
    const around = commonFolder(pictures);
    for (const picture of pictures) {
      const found = byStem.get(stemOf(picture.name.slice(around.length))) ?? [];
      for (const map of found) used.add(map);
      const [map, other] = found;
      if (other === undefined) pairs.push(pairBeside(files, picture, { map: map ?? null }));
      else bad.push({ name: picture.name, reason: `It has two maps, ${map!.name} and ${other.name}.` });
    }
    const surplusMaps = maps.filter((map) => !used.has(map));
    return { pairs, bad, lists: [], surplusMaps, settings: {} };
  },
};

/** Null where no folder of maps lies beside the pictures. */
function sidesOf({
  all,
}: SetFiles): { readonly pictures: readonly SetEntry[]; readonly maps: readonly SetEntry[] } | null {
  const isMap = ({ name }: SetEntry): boolean => name.includes('/') && mapFolders.test(name.split('/')[0]!);
  const pictures = all.filter((entry) => isPicture(entry) && !isMap(entry));
  const maps = all.filter((entry) => isPicture(entry) && isMap(entry));
  return pictures.length > 0 && maps.length > 0 ? { pictures, maps } : null;
}

/** The name in the folder of maps. */
function below({ name }: SetEntry): string {
  return name.slice(name.indexOf('/') + 1);
}

/** The outermost folder, with its slash, that all pictures lie in; '' for none. */
function commonFolder(pictures: readonly SetEntry[]): string {
  const first = pictures[0]!.name;
  const folder = first.slice(0, first.indexOf('/') + 1);
  return pictures.every(({ name }) => name.startsWith(folder)) ? folder : '';
}
