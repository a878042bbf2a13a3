import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { readRegularText } from '../../files/regular-file.ts';
import { pulledFolders } from '../kinds/kinds.ts';

/** Where a pulled model came from; hidden from the library, there for people. */
export const sourceName = '.armature-pull.json';

const file = z.object({ path: z.string(), bytes: z.int(), sha256: z.string().nullable() });

const schema = z.object({
  hub: z.string().default(''),
  repo: z.string(),
  /** The one file of the repository that was asked for; null for all that belongs to a model. */
  file: z.string().nullish(),
  revision: z.string().default(''),
  /** By their paths in the repository. */
  files: z.array(file).default([]),
  /** What the pull itself wrote beside them; empty of pulls that did not write that down. */
  wrote: z.array(file).default([]),
});

/** What a pull writes down of what it brought. */
export type Source = z.output<typeof schema>;

/** A folder that a pull has made, and what it wrote down. */
export interface PulledModel {
  readonly folder: string;
  readonly source: Source;
}

/** What the pull that made a folder wrote down; null where none did. A link is not ours, wherever it leads. */
export async function sourceOf(folder: string): Promise<Source | null> {
  try {
    if (!(await lstat(folder)).isDirectory() || !(await lstat(join(folder, sourceName))).isFile()) return null;
    return schema.parse(JSON.parse(await readRegularText(join(folder, sourceName), 2 ** 24)));
  } catch {
    return null;
  }
}

/** The folders of pulled models that a pull into one of `places` would make or has made. */
export function pullPlaces(places: readonly string[]): readonly string[] {
  return places.flatMap((place) => [place, ...pulledFolders.map(({ folder }) => join(place, folder))]);
}

/** What pulls have made in these folders of models. */
export async function pulledModels(places: readonly string[]): Promise<readonly PulledModel[]> {
  const found: PulledModel[] = [];
  for (const place of pullPlaces(places)) {
    for (const name of await readdir(place).catch(() => [])) {
      const source = name.startsWith('.') ? null : await sourceOf(join(place, name));
      if (source !== null) found.push({ folder: join(place, name), source });
    }
  }
  return found.toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** Where a file of a repository lies in a model's folder: one of a single file directly in it, wherever the repository has it. */
export function placeInFolder(path: string, files: readonly unknown[]): string {
  return files.length === 1 ? basename(path) : path;
}
