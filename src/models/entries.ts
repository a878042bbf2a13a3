import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf, specialKind } from '../files/regular-file.ts';
import { isTelling } from './names/model-files.ts';

/** A folder, or a file that can say something of a model. */
export interface Entry {
  readonly path: string;
  /** `unusable` is what has the name of such a file and can't be read as one. */
  readonly kind: 'folder' | 'file' | 'unusable';
  /** Name, size, inode and times of change: equal as long as the file is the same. */
  readonly stamp: string;
  /** Of an unusable one: why, to stand behind its name. */
  readonly problem: string | null;
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
  async of(folder: string): Promise<readonly Entry[]> {
    const found = await this.#read(folder).catch((): Dirent[] => []);
    const wanted = found
      .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
      .filter((entry) => entry.isDirectory() || isTelling(entry.name) || !entry.isFile());
    const sorted = wanted.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
    const entries = await Promise.all(sorted.map(({ name }) => describe(join(folder, name))));
    return entries.filter((entry) => entry !== null);
  }

  async #read(folder: string): Promise<Dirent[]> {
    const found: Dirent[] = [];
    if (this.exhausted) return found;
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
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
    if (found.isDirectory()) return { path, kind: 'folder', stamp, problem: null };
    if (!isTelling(name)) return null;
    const special = specialKind(found);
    if (special === null) return { path, kind: 'file', stamp, problem: null };
    return {
      path,
      kind: 'unusable',
      stamp: `${name}:${special}`,
      problem: `is ${special}, not a file: it is not opened.`,
    };
  } catch (error) {
    if (!isTelling(name)) return null;
    const reason = reasonOf(error);
    return { path, kind: 'unusable', stamp: `${name}:${reason}`, problem: `cannot be read: ${reason}.` };
  }
}
