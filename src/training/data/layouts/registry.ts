import { show } from '../../../text/show.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { Layout, SetFiles } from '../contract/layout.ts';
import { datasetToml } from './dataset-toml.ts';
import { lists } from './lists.ts';
import { mapFolder } from './map-folder.ts';
import { repeats } from './repeats.ts';
import { stems } from './stems.ts';
import { webDataset } from './web-dataset.ts';

/** Every layout that is taken as it lies; the first that fits counts. */
export const layouts: readonly Layout[] = Object.freeze([datasetToml, lists, repeats, mapFolder, webDataset, stems]);

/** The layout in which a set lies. @throws ArmatureError `invalid_set` with all that would have been taken. */
export function layoutOf(files: SetFiles): Layout {
  const found = layouts.find((layout) => layout.fits(files));
  if (found !== undefined) return found;
  const known = layouts.map(({ looks }) => looks).join('; ');
  const there = files.all
    .slice(0, 5)
    .map(({ name }) => show(name))
    .join(', ');
  throw invalidSet(
    `Expected a set of pictures (${known}) but received ${files.all.length === 0 ? 'no files' : `${files.all.length} files: ${there}`}.`,
  );
}
