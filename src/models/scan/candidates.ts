import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ModelKindId } from '../../generation/models/kinds.ts';
import { manifestName } from '../names/manifest-name.ts';
import { isPickle, isWeights, modelFileStem, pickleReason, previewOf } from '../names/model-files.ts';
import { type Entry, Entries, type Folder, folderAt } from './entries.ts';
import type { KnownConfigs } from './known-configs.ts';

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
  /** A picture that shows what it draws, where one lies beside it; no part of what is found out about it. */
  readonly preview?: string;
}

/** How deep models may lie below a model folder: `ControlNet/sd15/name/` is common. */
const deepest = 3;

/** Names that are looked at in one model folder and its subfolders. */
export const mostEntries = 20_000;

/**
 * Candidates in a folder and its subfolders, folders before files, by name. A folder that is itself a model gives that
 * one. A folder that is not there, or that cannot be read, has none. Only names, sizes and times of weights are looked at,
 * of at most `most` files and folders: one candidate more says that there are others.
 */
export async function findCandidates(
  folder: string,
  configs: KnownConfigs,
  most = mostEntries,
): Promise<readonly Candidate[]> {
  const entries = new Entries(most);
  const root = folderAt(folder);
  const found = root === null ? [] : await candidatesIn(root, { entries, configs }, { above: [], beside: new Map() });
  if (!entries.exhausted) return found;
  const reason =
    `it has more than ${most} files and folders, of which the first were looked at: ` +
    'name the folders with models one by one (--models).';
  return [...found, { kind: 'unusable', path: folder, signature: `over ${most}`, reason }];
}

interface Scan {
  readonly entries: Entries;
  readonly configs: KnownConfigs;
}

/** Where a folder lies: identities of those above it, the nearest last, and the pictures beside it. */
interface Place {
  readonly above: readonly string[];
  readonly beside: ReadonlyMap<string, string>;
}

function shownBy(preview: string | undefined): Pick<Candidate, 'preview'> {
  return preview === undefined ? {} : { preview };
}

async function candidatesIn(folder: Folder, scan: Scan, { above, beside }: Place): Promise<readonly Candidate[]> {
  // A link to a folder above would show everything once more.
  if (above.includes(folder.identity)) return [];
  const { entries: all, pictures } = scan.entries.listing(folder);
  const kind = await folderKind(all, scan.configs);
  if (kind !== null) {
    const preview = previewOf(basename(folder.path), beside) ?? previewOf('preview', pictures);
    return [{ kind, path: folder.path, signature: folderSignature(folder, all, scan.entries), ...shownBy(preview) }];
  }
  const folders = above.length < deepest ? all.filter((entry) => entry.kind === 'folder') : [];
  const inner = await Promise.all(
    folders.map((entry) => candidatesIn(entry, scan, { above: [...above, folder.identity], beside: pictures })),
  );
  const files = all.filter((entry) => entry.kind !== 'folder' && (isWeights(entry.path) || isPickle(entry.path)));
  const stems = new Map<string, Entry[]>();
  for (const entry of all.filter(({ kind: is }) => is === 'file')) {
    const stem = modelFileStem(entry.path);
    const known = stems.get(stem);
    if (known === undefined) stems.set(stem, [entry]);
    else known.push(entry);
  }
  const previews = files.map(({ path }) => shownBy(previewOf(modelFileStem(path), pictures)));
  return [
    ...inner.flat(),
    ...files.map((file, index) => ({ ...fileCandidate(file, namesakesOf(file, stems)), ...previews[index] })),
  ];
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

/** What a folder is by the names in it and by its config.json. */
export async function folderKind(
  all: readonly Entry[],
  configs: KnownConfigs,
): Promise<Exclude<Candidate['kind'], 'file' | 'unusable'> | null> {
  const named = (name: string): Entry | undefined => all.find(({ path }) => basename(path) === name);
  if (named('model_index.json') !== undefined) return 'pipeline';
  const config = named('config.json');
  const kind = config?.kind === 'file' ? await configs.kindOf(config) : null;
  if (kind !== null) return kind;
  return named(manifestName) === undefined ? null : 'described';
}

/** Stamps of all files that may say or hold something of a model, as deep as its armature.json may name them; `all` is what lies in the folder itself. */
function folderSignature(folder: Folder, all: readonly Entry[], entries: Entries): string {
  const stamps: string[] = [];
  const collect = (path: string, inside: readonly Entry[], depth: number): void => {
    const name = basename(path);
    stamps.push(...inside.filter((entry) => entry.kind !== 'folder').map(({ stamp }) => `${depth}/${name}/${stamp}`));
    if (depth === deepest) return;
    for (const entry of inside.filter(({ kind }) => kind === 'folder')) {
      collect(entry.path, entries.of(entry), depth + 1);
    }
  };
  collect(folder.path, all, 0);
  return createHash('sha256').update(stamps.join('\n')).digest('hex');
}
