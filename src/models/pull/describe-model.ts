import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotatorKind } from '../kinds/annotator/kind.ts';
import { folderOfFiles, foundKinds } from '../kinds/kinds.ts';
import { manifestName } from '../names/manifest-name.ts';
import { slug } from '../names/model-id.ts';
import type { CatalogEntry } from './catalog.ts';
import { type Source, sourceName } from './source.ts';
import type { PullTarget } from './target.ts';

/** How an annotator's network is fed and read, where its own files leave that open: the extractors follow it. */
const annotatorFileName = 'annotator.json';

/**
 * Writes down where the files came from, and what the catalog knows of the model: id, title, licence, a ControlNet's type; of an
 * annotator how it is fed and read.
 */
export async function describeModel(
  folder: string,
  target: PullTarget,
  source: Omit<Source, 'wrote'>,
  conditions: readonly string[],
): Promise<void> {
  const manifest = manifestOf(target, source, conditions);
  const annotator = target.entry?.annotator;
  const beside = [
    ...(manifest === null ? [] : [{ name: manifestName, text: asJson(manifest) }]),
    ...(annotator === undefined ? [] : [{ name: annotatorFileName, text: asJson(annotator) }]),
  ];
  const wrote = beside.map(({ name, text }) => ({ path: name, bytes: Buffer.byteLength(text), sha256: sha256(text) }));
  await writeText(join(folder, sourceName), asJson({ ...source, wrote }));
  for (const { name, text } of beside) await writeText(join(folder, name), text);
}

/**
 * An annotator is no model that the library lists. A type whose condition this version has not would make the ControlNet
 * unusable: it stays open.
 */
function manifestOf(
  { id, entry, file }: PullTarget,
  { files }: Pick<Source, 'files'>,
  conditions: readonly string[],
): Readonly<Record<string, unknown>> | null {
  if (entry?.kind === annotatorKind.id || folderOfFiles(files.map(({ path }) => path)) !== null) return null;
  // A single file needs the word of a manifest to have this id; a folder has it by its name.
  if (entry === null) return file === null && files.length > 1 ? null : { schema: 1, id: slug(id) };
  const { title, licence, fits, distilled } = entry;
  const type = typeRowOf(entry, conditions);
  return {
    schema: 1,
    id,
    title,
    licence,
    ...(fits === undefined ? {} : { fits }),
    ...(distilled === undefined ? {} : { distilled }),
    ...(type === null ? {} : { [type.list]: [{ path: '.', type: type.type }] }),
  };
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

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function writeText(path: string, text: string): Promise<void> {
  // What an interrupted pull has left is put aside, not written through.
  await rm(path, { force: true });
  await writeFile(path, text, { flag: 'wx' });
}
