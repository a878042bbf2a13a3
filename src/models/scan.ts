import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readRegularText } from '../files/regular-file.ts';
import { type ModelKindId, modelKindIds } from '../generation/models/kinds.ts';
import { type Entry, Entries } from './entries.ts';
import type { AnyFoundKind } from './kinds/contract/kind.ts';
import { foundKinds, kindNamed } from './kinds/kinds.ts';
import { manifestName } from './names/manifest-name.ts';
import { isPickle, isWeights, modelFileStem, pickleReason } from './names/model-files.ts';

/** Something in a model folder that looks like a model; nothing of its weights has been read yet. */
export interface Candidate {
  /**
   * `pipeline` is a folder in diffusers' layout, `described` a folder of single files with an armature.json, `file` a single file,
   * `unusable` what is not looked into, and else the kind of model that a folder is by its config.json.
   */
  readonly kind: ModelKindId | 'pipeline' | 'described' | 'file' | 'unusable';
  readonly path: string;
  /** Changes whenever a file of the candidate does: what was found out about it holds as long as this stays. */
  readonly signature: string;
  /** Of an unusable one: why, without its path. */
  readonly reason?: string;
}

/** How deep models may lie below a model folder: `ControlNet/sd15/name/` is common. */
const deepest = 3;

/** Names that are looked at in one model folder and its subfolders. */
const mostEntries = 20_000;

/** Bytes of a config.json. */
const mostConfigBytes = 2 ** 20;

/**
 * Candidates in a folder and its subfolders, folders before files, by name. A folder that is itself a model gives that
 * one. A folder that is not there, or that cannot be read, has none. Only names, sizes and times of weights are looked at,
 * of at most `most` files and folders: one candidate more says that there are others.
 */
export async function findCandidates(folder: string, most = mostEntries): Promise<readonly Candidate[]> {
  const entries = new Entries(most);
  const found = await candidatesIn(folder, entries, [], 0);
  if (!entries.exhausted) return found;
  const reason =
    `it has more than ${most} files and folders, of which the first were looked at: ` +
    'name the folders with models one by one (--models).';
  return [...found, { kind: 'unusable', path: folder, signature: `over ${most}`, reason }];
}

async function candidatesIn(
  folder: string,
  entries: Entries,
  above: readonly string[],
  depth: number,
): Promise<readonly Candidate[]> {
  const identity = await identityOf(folder);
  // A link to a folder above would show everything once more.
  if (identity === null || above.includes(identity)) return [];
  const kind = await folderKind(folder);
  if (kind !== null) return [{ kind, path: folder, signature: await folderSignature(folder, entries) }];
  const all = await entries.of(folder);
  const folders = depth < deepest ? all.filter((entry) => entry.kind === 'folder') : [];
  const inner = await Promise.all(
    folders.map((entry) => candidatesIn(entry.path, entries, [...above, identity], depth + 1)),
  );
  const files = all.filter((entry) => entry.kind !== 'folder' && (isWeights(entry.path) || isPickle(entry.path)));
  const stems = new Map<string, Entry[]>();
  for (const entry of all.filter(({ kind: is }) => is === 'file')) {
    const stem = modelFileStem(entry.path);
    const known = stems.get(stem);
    if (known === undefined) stems.set(stem, [entry]);
    else known.push(entry);
  }
  return [...inner.flat(), ...files.map((file) => fileCandidate(file, namesakesOf(file, stems)))];
}

/** peft keeps what it says of a file under a name of its own. */
function namesakesOf({ path }: Entry, stems: ReadonlyMap<string, readonly Entry[]>): readonly Entry[] {
  const stem = modelFileStem(path);
  const others = stem === 'adapter_model' ? (stems.get('adapter_config') ?? []) : [];
  return [...(stems.get(stem) ?? []), ...others];
}

/** What lies beside a file under its name may say more of it: `x.yaml`, `x.json` beside `x.safetensors`. */
function fileCandidate(file: Entry, namesakes: readonly Entry[]): Candidate {
  const { path, stamp, problem } = file;
  if (problem !== null) return { kind: 'unusable', path, signature: stamp, reason: `${basename(path)} ${problem}` };
  if (isPickle(path)) return { kind: 'unusable', path, signature: stamp, reason: pickleReason(basename(path)) };
  return { kind: 'file', path, signature: namesakes.map((entry) => entry.stamp).join(' ') };
}

/** Paths of the weights that lie in a folder, without its subfolders. */
export async function weightFiles(folder: string): Promise<readonly string[]> {
  const entries = await new Entries(mostEntries).of(folder);
  return entries.filter((entry) => entry.kind !== 'folder' && isWeights(entry.path)).map((entry) => entry.path);
}

/** Subfolders of a pipeline's folder that are models which may come with it: those of kinds that armature.json has a list of. */
export async function bundledFolders(
  pipeline: string,
): Promise<readonly { readonly path: string; readonly kind: AnyFoundKind }[]> {
  const folders = (await new Entries(mostEntries).of(pipeline)).filter((entry) => entry.kind === 'folder');
  const kinds = await Promise.all(folders.map((entry) => folderKind(entry.path)));
  return folders.flatMap(({ path }, index) => {
    const kind = foundKinds.find(({ id, typedBy }) => typedBy !== undefined && id === kinds[index]);
    return kind === undefined ? [] : [{ path, kind }];
  });
}

async function folderKind(folder: string): Promise<Exclude<Candidate['kind'], 'file' | 'unusable'> | null> {
  if (await exists(join(folder, 'model_index.json'))) return 'pipeline';
  const config = await readRegularText(join(folder, 'config.json'), mostConfigBytes).catch(() => '');
  const kind = modelKindIds.find((id) => kindNamed(id).folder?.test(config) === true);
  if (kind !== undefined) return kind;
  return (await exists(join(folder, manifestName))) ? 'described' : null;
}

/** Stamps of all files that may say or hold something of a model, as deep as its armature.json may name them. */
async function folderSignature(folder: string, entries: Entries): Promise<string> {
  const stamps: string[] = [];
  const collect = async (inner: string, depth: number): Promise<void> => {
    const all = await entries.of(inner);
    const name = basename(inner);
    stamps.push(...all.filter((entry) => entry.kind !== 'folder').map(({ stamp }) => `${depth}/${name}/${stamp}`));
    if (depth === deepest) return;
    for (const entry of all.filter(({ kind }) => kind === 'folder')) await collect(entry.path, depth + 1);
  };
  await collect(folder, 0);
  return createHash('sha256').update(stamps.join('\n')).digest('hex');
}

async function identityOf(folder: string): Promise<string | null> {
  const found = await stat(folder).catch(() => null);
  return found?.isDirectory() === true ? `${found.dev}:${found.ino}` : null;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
