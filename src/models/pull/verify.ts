import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isInnerPath } from './target.ts';
import type { PulledFile } from './pulled-file.ts';
import { placeInFolder, type PulledModel } from './source.ts';

/**
 * How a file is against what the pull that brought it wrote down. `unknown`: it has the size, and an older version wrote down no hash of it. `changed`:
 * something else has its name, a link or a folder too, or the name is written in other letters.
 */
export type FileState = 'whole' | 'unknown' | 'changed' | 'missing';

export interface VerifiedFile {
  /** Inside the model's folder. */
  readonly path: string;
  readonly state: FileState;
  /** Of what is there now; null where that is no file of the size that it should have. */
  readonly sha256: string | null;
}

/** Every file that a pull has brought or written, read to its end. */
export async function verifyPulled({ folder, source }: PulledModel): Promise<readonly VerifiedFile[]> {
  const brought = source.files.map((file) => ({ ...file, path: placeInFolder(file.path, source.files) }));
  const verified: VerifiedFile[] = [];
  for (const file of [...brought, ...source.wrote]) verified.push(await verifyFile(folder, file));
  return verified;
}

async function verifyFile(folder: string, { path, bytes, sha256 }: PulledFile): Promise<VerifiedFile> {
  const found = isInnerPath(path) ? await ownFile(folder, path) : 'changed';
  if (typeof found === 'string') return { path, state: found, sha256: null };
  if (found.size !== bytes) return { path, state: 'changed', sha256: null };
  const is = await sha256Of(join(folder, path));
  if (sha256 === null) return { path, state: 'unknown', sha256: is };
  return { path, state: is === sha256 ? 'whole' : 'changed', sha256: is };
}

/** A file of just this name, reached through folders of just these names and no link. */
async function ownFile(folder: string, path: string): Promise<{ readonly size: number } | 'changed' | 'missing'> {
  let place = folder;
  const names = path.split('/');
  for (const [index, name] of names.entries()) {
    const there = await lstat(join(place, name)).catch(() => null);
    if (there === null) return 'missing';
    // A file system that takes upper and lower case for the same finds a file of another name.
    if (!(await readdir(place)).includes(name)) return 'changed';
    place = join(place, name);
    if (index < names.length - 1 ? !there.isDirectory() : !there.isFile()) return 'changed';
    if (index === names.length - 1) return { size: there.size };
  }
  return 'missing';
}

/** In hexadecimal, of the whole file; what is read is not kept. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Folders in which a model's files lie, the deepest first; its own folder is not among them. */
export function foldersOf(files: readonly { readonly path: string }[]): readonly string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  }
  return [...folders].toSorted((a, b) => b.length - a.length);
}
