import { type Dirent, readdir as readdirWithCallback, stat as statWithCallback } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf, specialKind } from '../files/regular-file.ts';
import { isTelling } from './names/model-files.ts';

// A look at a library is a thousand of these: by way of the callbacks each costs half as much as by that of promises.
const stat = promisify(statWithCallback);
const readdir = promisify(readdirWithCallback);

/** A folder that is there. */
export interface Folder {
  readonly path: string;
  /** Equal for two ways that lead to one folder. */
  readonly identity: string;
  /** What its list of names takes up, as far as its file system tells. */
  readonly bytes: number;
}

/** A folder, or a file that can say something of a model. */
export interface Entry extends Folder {
  /** `unusable` is what has the name of such a file and can't be read as one. */
  readonly kind: 'folder' | 'file' | 'unusable';
  /** Name, size, inode and times of change: equal as long as the file is the same. */
  readonly stamp: string;
  /** Of an unusable one: why, to stand behind its name. */
  readonly problem: string | null;
}

/** A list of names of at most so many bytes is read at once: a few thousand names. */
const readAtOnce = 2 ** 17;

/** A folder by its path; null where none is there, or where it cannot be looked at. */
export async function folderAt(path: string): Promise<Folder | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  if (found?.isDirectory() !== true) return null;
  return { path, identity: `${found.dev}:${found.ino}`, bytes: Number(found.size) };
}

/** Lists folders, and no more than so many names in all. Hidden names are left out. Nothing is opened. */
export class Entries {
  readonly #most: number;
  #seen = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether there was more than may be looked at. */
  get exhausted(): boolean {
    return this.#seen > this.#most;
  }

  /** What lies in a folder, by name; nothing where it cannot be read. */
  async of(folder: Folder): Promise<readonly Entry[]> {
    const found = await this.#read(folder).catch((): Dirent[] => []);
    const wanted = found
      .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
      .filter((entry) => entry.isDirectory() || isTelling(entry.name) || !entry.isFile());
    const sorted = wanted.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
    const entries = await Promise.all(sorted.map(({ name }) => describe(join(folder.path, name))));
    return entries.filter((entry) => entry !== null);
  }

  async #read({ path, bytes }: Folder): Promise<Dirent[]> {
    const found: Dirent[] = [];
    if (this.exhausted) return found;
    const names =
      bytes <= readAtOnce ? await readdir(path, { withFileTypes: true }) : await opendir(path, { bufferSize: 256 });
    for await (const entry of names) {
      this.#seen++;
      if (this.exhausted) break;
      found.push(entry);
    }
    return found;
  }
}

/** Null for what is no folder and has no name that means anything here. */
async function describe(path: string): Promise<Entry | null> {
  const name = basename(path);
  try {
    // stat, not lstat: people link their collections in.
    const found = await stat(path, { bigint: true });
    const stamp = `${name}:${found.size}:${found.mtimeNs}:${found.ctimeNs}:${found.ino}`;
    const place = { path, identity: `${found.dev}:${found.ino}`, bytes: Number(found.size) };
    if (found.isDirectory()) return { ...place, kind: 'folder', stamp, problem: null };
    if (!isTelling(name)) return null;
    const special = specialKind(found);
    if (special === null) return { ...place, kind: 'file', stamp, problem: null };
    return {
      ...place,
      kind: 'unusable',
      stamp: `${name}:${special}`,
      problem: `is ${special}, not a file: it is not opened.`,
    };
  } catch (error) {
    if (!isTelling(name)) return null;
    const reason = reasonOf(error);
    const nothing = { identity: '', bytes: 0 };
    return { path, ...nothing, kind: 'unusable', stamp: `${name}:${reason}`, problem: `cannot be read: ${reason}.` };
  }
}
