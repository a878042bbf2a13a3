import { posix } from 'node:path';
import { show } from '../../../text/show.ts';
import type { SetEntry } from '../contract/entry.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import { folderOf } from './file-names.ts';
import type { BadFile, Laid, Layout, LayoutRules, PairDraft, SetFiles } from '../contract/layout.ts';
import { pairOf, rowShapes, shapeOf } from './row-shapes.ts';
import { csvRows } from './csv.ts';
import { jsonLines, type ListRow } from './rows.ts';

/**
 * A list of pairs, one a line: a file of JSON Lines of any name in the outermost folder, or `metadata.jsonl` and `metadata.csv` in the
 * folders whose pictures they name. What its lines are called says whose layout it is.
 */
export const lists: Layout = {
  id: 'lists',
  looks:
    'a file of JSON Lines {picture, map, caption}, {file_name, text} or {source, target, prompt}, or a metadata.csv',
  fits: (files) => listsOf(files).length > 0,
  read: async (files, rules) => {
    const found = listsOf(files);
    const outermost = found.filter((list) => folderOf(list) === '');
    if (outermost.length > 1) {
      const names = outermost.map(({ name }) => name).join(', ');
      throw invalidSet(`Expected one list of pairs in the set but it has ${names}: leave one of them there.`);
    }
    const pairs: PairDraft[] = [];
    const bad: BadFile[] = [];
    for (const list of found) {
      const read = await rowsOf(list, rules);
      const [first] = read.rows;
      bad.push(...read.bad);
      if (first === undefined) continue;
      const shape = shapeOf(first) ?? refuseShape(list, first.fields);
      for (const row of read.rows) {
        const pair = pairOf(row, shape, folderOf(list), files);
        if ('reason' in pair) bad.push(pair);
        else pairs.push(pair);
      }
    }
    return { pairs, bad, lists: found, surplusMaps: surplusOf(pairs, files), settings: {} };
  },
};

async function rowsOf(
  list: SetEntry,
  rules: LayoutRules,
): Promise<{ readonly rows: readonly ListRow[]; readonly bad: readonly BadFile[] }> {
  if (/\.csv$/i.test(list.name)) return { rows: await csvRows(list, rules), bad: [] };
  return await jsonLines(list, rules);
}

/** Where a set is split into parts, those of `train` alone. */
function listsOf({ all }: SetFiles): readonly SetEntry[] {
  const found = all.filter(({ name }) => {
    const file = posix.basename(name);
    return name === file
      ? /\.jsonl$|^prompt\.json$|^metadata\.csv$/i.test(file)
      : /^metadata\.(?:jsonl|csv)$/.test(file);
  });
  const training = found.filter(({ name }) => /^train\//i.test(name));
  return training.length > 0 && training.length < found.length ? training : found;
}

function refuseShape(list: SetEntry, fields: Readonly<Record<string, unknown>>): never {
  const known = rowShapes.map(({ picture }) => picture[0]).join(', ');
  const names = Object.keys(fields).slice(0, 20).join(', ');
  throw invalidSet(
    `Expected the lines of ${show(list.name)} to name a picture (${known}) but they have the fields ${names === '' ? 'none' : names}.`,
  );
}

/** Pictures in folders of which all that are named are maps. */
function surplusOf(pairs: readonly PairDraft[], { all }: SetFiles): Laid['surplusMaps'] {
  const maps = new Set(pairs.flatMap(({ map }) => map ?? []));
  const pictures = new Set(pairs.map(({ picture }) => picture));
  const ofMaps = new Set([...maps].map(folderOf));
  for (const picture of pictures) ofMaps.delete(folderOf(picture));
  return all.filter((entry) => ofMaps.has(folderOf(entry)) && !maps.has(entry) && !pictures.has(entry));
}
