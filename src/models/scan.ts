import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { manifestName } from './manifest.ts';

/** Something in a model folder that looks like a model; nothing of its weights has been read yet. */
export interface Candidate {
  /**
   * `pipeline` and `controlnet` are folders in diffusers' layout, `described` a folder of single files with an
   * armature.json, `file` a single file.
   */
  readonly kind: 'pipeline' | 'controlnet' | 'described' | 'file';
  readonly path: string;
  /** Changes whenever a file of the candidate does: what was found out about it holds as long as this stays. */
  readonly signature: string;
}

/** How deep models may lie below a model folder: `ControlNet/sd15/name/` is common. */
const deepest = 3;

/**
 * Candidates in a folder and its subfolders, folders before files, by name. A folder that is itself a model gives that
 * one. A folder that is not there, or that cannot be read, has none. Only names, sizes and times of weights are looked at.
 */
export async function findCandidates(folder: string, depth = 0): Promise<readonly Candidate[]> {
  const kind = await folderKind(folder);
  if (kind !== null) return [{ kind, path: folder, signature: await folderSignature(folder) }];
  const entries = await visibleEntries(folder);
  const folders = depth < deepest ? entries.filter((entry) => entry.folder) : [];
  const inner = await Promise.all(folders.map((entry) => findCandidates(entry.path, depth + 1)));
  const files = entries.filter((entry) => !entry.folder && isWeights(entry.path));
  const single = files.map((file): Candidate => ({ kind: 'file', path: file.path, signature: file.stamp }));
  return [...inner.flat(), ...single];
}

/** Paths of the weights that lie in a folder, without its subfolders. */
export async function weightFiles(folder: string): Promise<readonly string[]> {
  const entries = await visibleEntries(folder);
  return entries.filter((entry) => !entry.folder && isWeights(entry.path)).map((entry) => entry.path);
}

/** Subfolders of a pipeline's folder that hold a ControlNet. */
export async function controlNetFolders(pipeline: string): Promise<readonly string[]> {
  const folders = (await visibleEntries(pipeline)).filter((entry) => entry.folder);
  const kinds = await Promise.all(folders.map((entry) => folderKind(entry.path)));
  return folders.filter((_, index) => kinds[index] === 'controlnet').map((entry) => entry.path);
}

async function folderKind(folder: string): Promise<Exclude<Candidate['kind'], 'file'> | null> {
  if (await exists(join(folder, 'model_index.json'))) return 'pipeline';
  const config = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '');
  if (/"_class_name"\s*:\s*"ControlNet\w*"/.test(config)) return 'controlnet';
  return (await exists(join(folder, manifestName))) ? 'described' : null;
}

async function folderSignature(folder: string): Promise<string> {
  const entries = await visibleEntries(folder);
  const inner = await Promise.all(entries.filter((entry) => entry.folder).map((entry) => visibleEntries(entry.path)));
  const files = [...entries, ...inner.flat()].filter(
    (entry) => !entry.folder && /\.(safetensors|json)$/i.test(entry.path),
  );
  return files.map((entry) => entry.stamp).join(' ');
}

interface Entry {
  readonly path: string;
  readonly folder: boolean;
  /** Name, size and time of change. */
  readonly stamp: string;
}

async function visibleEntries(folder: string): Promise<readonly Entry[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
  const names = found.map((entry) => entry.name).filter((name) => !name.startsWith('.') && name !== 'node_modules');
  const entries = await Promise.all(names.toSorted().map((name) => describe(join(folder, name))));
  return entries.filter((entry) => entry !== null);
}

async function describe(path: string): Promise<Entry | null> {
  // stat, not lstat: people link their collections in.
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  return { path, folder: found.isDirectory(), stamp: `${basename(path)}:${found.size}:${found.mtimeMs}` };
}

async function exists(path: string): Promise<boolean> {
  return (await describe(path)) !== null;
}

function isWeights(path: string): boolean {
  return /\.safetensors$/i.test(path);
}
