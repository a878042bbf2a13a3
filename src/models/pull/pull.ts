import { join } from 'node:path';
import { nearestName } from '../../text/nearest-name.ts';
import { ArmatureError } from '../../errors.ts';
import { folderOfFiles, pulledFolders } from '../kinds/kinds.ts';
import type { Variant } from './catalog.ts';
import { chooseFiles, filesOfEntry, requireWanted } from './choose-files.ts';
import { describeModel } from './describe-model.ts';
import { bytesThere, download } from './download.ts';
import type { Hub, HubFile } from './hub.ts';
import { findPulled } from './own-folder.ts';
import { PartialFolder } from './partial-folder.ts';
import { placeInFolder } from './source.ts';
import { isInnerPath, type PullTarget } from './target.ts';
import type { PulledFile } from './pulled-file.ts';
import { sha256Of } from './verify.ts';

/** All counts in bytes. */
export interface PullProgress {
  readonly file: string;
  readonly received: number;
  readonly total: number;
}

export interface PullOptions {
  /** Folder of models; a network in ONNX, which is an annotator's, goes into its subfolder `annotators`. */
  readonly folder: string;
  /** Null for the catalog's choice, or fp16. */
  readonly variant: Variant | null;
  /** Condition ids of this version. */
  readonly conditions: readonly string[];
  readonly onProgress?: (progress: PullProgress) => void;
  readonly onFile?: (file: PulledFile) => void;
}

export interface Pulled {
  readonly folder: string;
  readonly commit: string | null;
  readonly files: readonly PulledFile[];
  /** The folder was there before: nothing was asked of the hub. */
  readonly already: boolean;
}

/**
 * Brings a model's files from a hub into a folder of its own. They are collected in a hidden folder beside it, from which an
 * interrupted pull goes on, checked by the hub's hashes, and put in their place at the end, all at once. Nothing is asked
 * for twice: all files are of one commit.
 *
 * Throws `unknown_model`, `fetch_failed`, `model_invalid` for files that are not read here, `storage_full` before anything is
 * fetched, `conflict` while another process pulls the same, and where anything has the name already that is not this pull's.
 */
export async function pullModel(hub: Hub, target: PullTarget, options: PullOptions): Promise<Pulled> {
  const places = [options.folder, ...pulledFolders.map(({ folder }) => join(options.folder, folder))];
  for (const place of places) {
    await PartialFolder.clearPlace(place, target.id);
    const folder = await findPulled(place, target);
    if (folder !== null) return { folder, commit: null, files: [], already: true };
  }
  const { files, revision } = await plan(hub, target, options.variant);
  const parent = join(options.folder, folderOfFiles(files.map(({ path }) => path)) ?? '');
  const partial = await PartialFolder.open(parent, target.id);
  try {
    await bringAll(hub, { ...target, revision }, files, partial, options);
    const pulled = files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }));
    // Of small files hubs name another hash than of large ones: what came is known from now on by one.
    const hashed = await Promise.all(
      pulled.map(async (file) => ({
        ...file,
        sha256: file.sha256 ?? (await sha256Of(join(partial.path, placeInFolder(file.path, files)))),
      })),
    );
    const source = { hub: hub.address, repo: target.repo, file: target.file, revision, files: hashed };
    await describeModel(partial.path, target, source, options.conditions);
    return { folder: await partial.finish(), commit: revision, files: pulled, already: false };
  } catch (error) {
    await partial.release();
    throw error;
  }
}

interface Plan {
  readonly files: readonly HubFile[];
  /** The commit where the hub names it: the branch may move on while files are fetched. */
  readonly revision: string;
}

async function plan(hub: Hub, target: PullTarget, wish: Variant | null): Promise<Plan> {
  const { repo, entry } = target;
  const paths = await choose(hub, target, wish ?? entry?.variant ?? 'fp16');
  paths.forEach(requireWanted);
  const outside = paths.find((path) => !isInnerPath(path));
  if (outside !== undefined) throw new ArmatureError('model_invalid', `${repo} has a file with the path ${outside}.`);
  const [first, ...rest] = paths;
  const head = await hub.describe(repo, target.revision, first!).catch(async (error: unknown) => {
    throw await withNearestFile(error, hub, target);
  });
  const revision = head.commit ?? target.revision;
  const files = [head];
  for (const path of rest) files.push(await hub.describe(repo, revision, path));
  return { files: files.map((file) => requireKnownHash(file, target)), revision };
}

async function choose(hub: Hub, target: PullTarget, variant: Variant): Promise<readonly string[]> {
  const { repo, revision, file, entry } = target;
  if (file !== null) return [file, ...(file.endsWith('.onnx') ? await settingsFiles(hub, target) : [])];
  if (entry !== null && entry.files !== null) return filesOfEntry(entry, variant);
  return chooseFiles(await hub.list(repo, revision), repo, variant);
}

/** Where a file that was named is not there, the one that may be meant. */
async function withNearestFile(failure: unknown, hub: Hub, { repo, revision, file }: PullTarget): Promise<unknown> {
  if (file === null || !(failure instanceof ArmatureError) || failure.code !== 'unknown_model') return failure;
  const listed = await hub.list(repo, revision).catch(() => []);
  const paths = listed.map(({ path }) => path).filter((path) => /\.(?:safetensors|onnx)$/i.test(path));
  const nearest = nearestName(file, paths);
  if (nearest === undefined) return failure;
  const detail = `${failure.message} Did you mean ${repo}:${nearest}?`;
  return new ArmatureError('unknown_model', detail, { field: 'model', choices: paths, cause: failure });
}

/** What a network of a repository needs beside it: how it wants its pictures, and the names of its classes. */
async function settingsFiles(hub: Hub, { repo, revision }: PullTarget): Promise<readonly string[]> {
  const files = await hub.list(repo, revision);
  return files.map(({ path }) => path).filter((path) => path === 'config.json' || path === 'preprocessor_config.json');
}

/** Where the catalog knows a file's hash, the hub's word alone is not enough. */
function requireKnownHash(file: HubFile, { entry, repo }: PullTarget): HubFile {
  const known = entry?.files?.find(({ path }) => path === file.path)?.sha256;
  if (known === undefined || file.sha256 === known) return file;
  if (file.sha256 === null) return { ...file, sha256: known };
  const detail = `${file.path} of ${repo} has another hash at the hub (${file.sha256}) than in the catalog (${known}).`;
  throw new ArmatureError('fetch_failed', detail);
}

async function bringAll(
  hub: Hub,
  { repo, revision }: PullTarget,
  files: readonly HubFile[],
  partial: PartialFolder,
  { onProgress, onFile }: PullOptions,
): Promise<void> {
  const placeOf = ({ path }: HubFile): string => join(partial.path, placeInFolder(path, files));
  const there = await Promise.all(files.map(async (file) => await bytesThere(placeOf(file))));
  const total = sum(files.map(({ bytes }) => bytes));
  await partial.requireRoom(total - sum(there));
  let before = 0;
  for (const file of files) {
    const onBytes = (received: number): void => onProgress?.({ file: file.path, received: before + received, total });
    await download(hub, { repo, revision, file, path: placeOf(file), onBytes });
    before += file.bytes;
    onFile?.({ path: file.path, bytes: file.bytes, sha256: file.sha256 });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
