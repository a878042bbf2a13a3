import type { AnyFoundKind } from './kinds/contract/kind.ts';
import { folderKinds, foundKinds } from './kinds/kinds.ts';
import { isWeights } from './names/model-files.ts';
import { folderKind, mostEntries } from './scan/candidates.ts';
import { Entries, type Entry, folderAt } from './scan/entries.ts';
import { KnownConfigs } from './scan/known-configs.ts';

/** Paths of the weights that lie in a folder, without its subfolders. */
export function weightFiles(folder: string): readonly string[] {
  return entriesAt(folder)
    .filter((entry) => entry.kind !== 'folder' && isWeights(entry.path))
    .map((entry) => entry.path);
}

/** Subfolders of a pipeline's folder that are models which may come with it: those of kinds that armature.json has a list of. */
export async function bundledFolders(
  pipeline: string,
): Promise<readonly { readonly path: string; readonly kind: AnyFoundKind }[]> {
  const configs = new KnownConfigs(folderKinds);
  const folders = entriesAt(pipeline).filter((entry) => entry.kind === 'folder');
  const kinds = await Promise.all(folders.map(async ({ path }) => await folderKind(entriesAt(path), configs)));
  return folders.flatMap(({ path }, index) => {
    const kind = foundKinds.find(({ id, typedBy }) => typedBy !== undefined && id === kinds[index]);
    return kind === undefined ? [] : [{ path, kind }];
  });
}

function entriesAt(path: string): readonly Entry[] {
  const folder = folderAt(path);
  return folder === null ? [] : new Entries(mostEntries).of(folder);
}
