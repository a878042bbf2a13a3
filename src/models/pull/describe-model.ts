import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotatorKind } from '../kinds/annotator/kind.ts';
import { folderOfFiles, foundKinds } from '../kinds/kinds.ts';
import { manifestName } from '../names/manifest-name.ts';
import { slug } from '../names/model-id.ts';
import type { CatalogEntry } from './catalog.ts';
import type { PulledFile } from './pulled-file.ts';
import type { PullTarget } from './target.ts';

/** Where a pulled model came from; hidden from the library, there for people. */
export const sourceName = '.armature-pull.json';

export interface Source {
  readonly hub: string;
  readonly repo: string;
  /** The one file of the repository that was asked for; null for all that belongs to a model. */
  readonly file: string | null;
  readonly revision: string;
  readonly files: readonly PulledFile[];
}

/** How an annotator's network is fed and read, where its own files leave that open: the extractors follow it. */
const annotatorFileName = 'annotator.json';

/**
 * Writes down where the files came from, and what the catalog knows of the model: id, title, licence, a ControlNet's type; of an
 * annotator how it is fed and read.
 */
export async function describeModel(
  folder: string,
  target: PullTarget,
  source: Source,
  conditions: readonly string[],
): Promise<void> {
  await writeJson(join(folder, sourceName), source);
  const manifest = manifestOf(target, source, conditions);
  if (manifest !== null) await writeJson(join(folder, manifestName), manifest);
  const annotator = target.entry?.annotator;
  if (annotator !== undefined) await writeJson(join(folder, annotatorFileName), annotator);
}

/**
 * An annotator is no model that the library lists. A type whose condition this version has not would make the ControlNet
 * unusable: it stays open.
 */
function manifestOf(
  { id, entry, file }: PullTarget,
  { files }: Source,
  conditions: readonly string[],
): Readonly<Record<string, unknown>> | null {
  if (entry?.kind === annotatorKind.id || folderOfFiles(files.map(({ path }) => path)) !== null) return null;
  // A single file needs the word of a manifest to have this id; a folder has it by its name.
  if (entry === null) return file === null && files.length > 1 ? null : { schema: 1, id: slug(id) };
  const { title, licence } = entry;
  const type = typeRowOf(entry, conditions);
  return { schema: 1, id, title, licence, ...(type === null ? {} : { [type.list]: [{ path: '.', type: type.type }] }) };
}

/** What a ControlNet of the catalog is for, where that is a condition of this version; else null. */
export function typeOf(entry: CatalogEntry, conditions: readonly string[]): string | null {
  return typeRowOf(entry, conditions)?.type ?? null;
}

/** The same, with the list of armature.json in which it stands. */
function typeRowOf(
  { kind, type }: CatalogEntry,
  conditions: readonly string[],
): { readonly list: string; readonly type: string } | null {
  const list = foundKinds.find(({ id }) => id === kind)?.typedBy;
  return list !== undefined && typeof type === 'string' && conditions.includes(type) ? { list, type } : null;
}

async function writeJson(path: string, value: unknown): Promise<void> {
  // What an interrupted pull has left is put aside, not written through.
  await rm(path, { force: true });
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { flag: 'wx' });
}
