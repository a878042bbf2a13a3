import { posix } from 'node:path';
import { parse } from 'smol-toml';
import { readText } from '../../../json/read-json.ts';
import { show } from '../../../text/show.ts';
import type { SetEntry } from '../contract/entry.ts';
import { invalidSet, tooMany } from '../contract/invalid-set.ts';
import type { BadFile, Laid, Layout, PairDraft, SetFiles, SetSettings } from '../contract/layout.ts';
import { captionBeside, captionEndings, pairBeside } from './beside.ts';
import { isPicture, stemOf } from './file-names.ts';
import { type DatasetTable, datasetTables } from './toml-tables.ts';

/** kohya's description of datasets, which lies at the outermost place with the folders that it names. */
export const datasetToml: Layout = {
  id: 'dataset-toml',
  looks: "kohya's dataset .toml with the folders that it names",
  fits: (files) => tomlsOf(files).length > 0,
  read: async (files, { listBytes, entries }) => {
    const found = tomlsOf(files);
    const [toml, other] = found;
    if (toml === undefined || other !== undefined) {
      throw invalidSet(`Expected one .toml in the set but it has ${found.map(({ name }) => name).join(', ')}.`);
    }
    const tables = datasetTables(await parsed(toml, listBytes), toml.name);
    if (tables.length > mostTables) {
      throw invalidSet(`Expected at most ${mostTables} subsets in ${toml.name} but it has ${tables.length}.`);
    }
    const laid: ReturnType<typeof readTable>[] = [];
    let named = 0;
    for (const table of tables) {
      const read = readTable(table, files, toml.name);
      named += read.pairs.length + read.bad.length;
      if (named > entries) throw tooMany(toml.name, entries);
      laid.push(read);
    }
    return {
      pairs: laid.flatMap(({ pairs }) => pairs),
      bad: laid.flatMap(({ bad }) => bad),
      lists: [toml],
      surplusMaps: laid.flatMap(({ surplusMaps }) => surplusMaps),
      settings: settingsOf(tables, toml.name),
    };
  },
};

/** All files are gone through for each. */
const mostTables = 1000;

function tomlsOf({ all }: SetFiles): readonly SetEntry[] {
  return all.filter(({ name }) => /^[^/]*\.toml$/i.test(name));
}

async function parsed(toml: SetEntry, listBytes: number): Promise<unknown> {
  const text = readText(await toml.read(listBytes), { subject: `${toml.name} to be text` });
  try {
    return parse(text, { maxDepth: 16, unsafeKeyBehaviour: 'throw' });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
    throw invalidSet(`Expected ${toml.name} to be TOML but it is not: ${reason}.`, { cause: error });
  }
}

function readTable(table: DatasetTable, files: SetFiles, toml: string): Pick<Laid, 'pairs' | 'bad' | 'surplusMaps'> {
  const folder = folderAt(table.image_dir, files, `image_dir of ${toml}`);
  const conditioning = table.conditioning_data_dir;
  const mapFolder =
    conditioning === undefined ? null : folderAt(conditioning, files, `conditioning_data_dir of ${toml}`);
  const maps = mapFolder === null ? [] : picturesIn(mapFolder, files);
  const byStem = new Map(maps.map((map) => [stemOf(posix.basename(map.name)), map]));
  const endings = table.caption_extension === undefined ? captionEndings : [table.caption_extension];
  const pairs: PairDraft[] = [];
  const bad: BadFile[] = [];
  for (const picture of picturesIn(folder, files)) {
    const caption =
      captionBeside(files, picture, endings) ??
      (table.class_tokens === undefined ? null : { text: table.class_tokens });
    const map = byStem.get(stemOf(posix.basename(picture.name))) ?? null;
    if (map === null && mapFolder !== null)
      bad.push({ name: picture.name, reason: `It has no map in ${show(conditioning)}.` });
    else pairs.push(pairBeside(files, picture, { map, caption, repeats: table.num_repeats }));
  }
  const used = new Set(pairs.map(({ map }) => map));
  return { pairs, bad, surplusMaps: maps.filter((map) => !used.has(map)) };
}

/** Pictures of a folder, not those of folders in it. */
function picturesIn(folder: string, { all }: SetFiles): readonly SetEntry[] {
  return all.filter((entry) => isPicture(entry) && posix.dirname(entry.name) === (folder === '' ? '.' : folder));
}

/**
 * The folder of the set that a path of the machine on which the file was written means: the longest end of it that is there. A file that
 * comes with its folders names them by where they were.
 */
function folderAt(path: string, { all }: SetFiles, what: string): string {
  const folders = new Set(all.filter(isPicture).map(({ name }) => posix.dirname(name)));
  const parts = path
    .replaceAll('\\', '/')
    .normalize('NFC')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) return '';
  for (let from = 0; from < parts.length; from++) {
    const folder = parts.slice(from).join('/');
    if (folders.has(folder)) return folder;
  }
  throw invalidSet(`Expected ${what} to be a folder of pictures in the set but ${show(path)} is none.`);
}

/** What the tables agree on. */
function settingsOf(tables: readonly DatasetTable[], toml: string): SetSettings {
  const one = <Value>(name: string, values: readonly Value[]): Value | undefined => {
    const [first, other] = [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
    if (other === undefined) return first;
    throw invalidSet(`Expected one ${name} in ${toml} but it has several: a training has one.`);
  };
  const resolution = one(
    'resolution',
    tables.map((table) => table.resolution),
  );
  const batch = one(
    'batch_size',
    tables.map((table) => table.batch_size),
  );
  const flip = one(
    'flip_aug',
    tables.map((table) => table.flip_aug),
  );
  return {
    ...(resolution !== undefined && { resolution }),
    ...(batch !== undefined && { batch }),
    ...(flip !== undefined && { flip }),
  };
}
