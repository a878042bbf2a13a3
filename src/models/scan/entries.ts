import { type BigIntStats, type Dirent, opendirSync, readdirSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { reasonOf, specialKind } from '../../files/regular-file.ts';
import { isPicture, isTelling } from '../names/model-files.ts';

/*
 * A look at a library is thousands of questions to the file system. Asked and waited for one by one each costs a fifth of what it costs by way of promises;
 * whoever must not wait has a thread do it (./scan-thread.ts).
 */

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

/** What lies in a folder. */
export interface Listing {
  readonly entries: readonly Entry[];
  /** Paths by names in lower case. Links are left out: what is shown of a folder lies in it. */
  readonly pictures: ReadonlyMap<string, string>;
}

/** A list of names of at most so many bytes is read at once: a few thousand names. */
const readAtOnce = 2 ** 17;

/** A folder by its path; null where none is there, or where it cannot be looked at. */
export function folderAt(path: string): Folder | null {
  try {
    const found = statSync(path, { bigint: true });
    return found.isDirectory() ? { path, identity: `${found.dev}:${found.ino}`, bytes: Number(found.size) } : null;
  } catch {
    return null;
  }
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
  of(folder: Folder): readonly Entry[] {
    return this.listing(folder).entries;
  }

  /** The same with the pictures that lie there. */
  listing(folder: Folder): Listing {
    const visible = this.#read(folder).filter(({ name }) => !name.startsWith('.') && name !== 'node_modules');
    const pictures = visible.filter((entry) => entry.isFile() && isPicture(entry.name));
    return {
      entries: entriesOf(folder, visible),
      pictures: new Map(pictures.map(({ name }) => [name.toLowerCase(), inside(folder, name)])),
    };
  }

  #read(folder: Folder): readonly Dirent[] {
    const found: Dirent[] = [];
    if (this.exhausted) return found;
    try {
      for (const entry of names(folder)) {
        this.#seen++;
        if (this.exhausted) break;
        found.push(entry);
      }
    } catch {
      return [];
    }
    return found;
  }
}

function entriesOf(folder: Folder, visible: readonly Dirent[]): readonly Entry[] {
  return visible
    .filter((entry) => entry.isDirectory() || isTelling(entry.name) || !entry.isFile())
    .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map((entry) => describe(folder, entry))
    .filter((entry) => entry !== null);
}

/** A long list of names is read in parts, of which no more are taken than are asked for. */
function* names({ path, bytes }: Folder): Generator<Dirent> {
  if (bytes <= readAtOnce) {
    yield* readdirSync(path, { withFileTypes: true });
    return;
  }
  const folder = opendirSync(path, { bufferSize: 256 });
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry;
  } finally {
    folder.closeSync();
  }
}

/** Null for what is no folder and has no name that means anything here. */
function describe(folder: Folder, entry: Dirent): Entry | null {
  const { name } = entry;
  const path = inside(folder, name);
  try {
    // stat, not lstat: people link their collections in. What is told in big integers takes twice as long: of a file nobody asks whether it is that of another way.
    const found = entry.isFile() ? statSync(path) : statSync(path, { bigint: true });
    const isBig = typeof found.size === 'bigint';
    const times = isBig
      ? `${(found as BigIntStats).mtimeNs}:${(found as BigIntStats).ctimeNs}`
      : `${found.mtimeMs}:${found.ctimeMs}`;
    const stamp = `${name}:${found.size}:${times}:${found.ino}`;
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

/** As join, of a name that a folder has told. */
function inside({ path }: Folder, name: string): string {
  return path.endsWith(sep) ? `${path}${name}` : `${path}${sep}${name}`;
}
