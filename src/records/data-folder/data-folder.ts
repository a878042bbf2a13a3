import { randomUUID } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { lstat, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError, systemReason } from '../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';

/** A step in the history of the folder's layout: what must be done to a folder of the version before. */
interface LayoutStep {
  readonly version: number;
  up(folder: string): Promise<void>;
}

/** What a data folder holds. */
export interface DataFolder {
  /** The embedded database's own; of no use to others. */
  readonly database: string;
  /** Where pulled and dropped-in models are. */
  readonly models: string;
}

const layout: readonly LayoutStep[] = [
  {
    version: 1,
    async up(folder) {
      await makeFolder(placesIn(folder).models);
    },
  },
];

/**
 * Makes a data folder, or brings the layout of one up to this release. DATA/version holds the number of the layout; a
 * newer one than this release knows is refused (`invalid_config`), and so is a folder of other things. Any number of processes may have it open; the
 * database in it has a lock of its own.
 */
export async function prepareDataFolder(folder: string): Promise<DataFolder> {
  try {
    await makeFolder(folder);
    requireOwnFolder(folder);
    const version = await readVersion(folder);
    const newest = layout.at(-1)?.version ?? 0;
    if (version > newest) {
      throw new ArmatureError(
        'invalid_config',
        `The data folder ${folder} has layout version ${version}, but this release knows versions up to ${newest}. ` +
          'Run the release that made it, or a newer one, or choose another folder with --data.',
      );
    }
    await removeDrafts(folder);
    for (const step of layout.filter((pending) => pending.version > version)) {
      await step.up(folder);
      await writeVersion(folder, step.version);
    }
  } catch (error) {
    throw error instanceof ArmatureError ? error : folderError(folder, error);
  }
  return placesIn(folder);
}

/** What this program puts into a data folder. */
const ownNames = new Set([
  'version',
  'lock',
  'models',
  'armature.json',
  'found-models',
  'file-hashes',
  'server.json',
  'first-picture.png',
]);

/** Drafts of those that are files, of which one is left where a process is killed while it writes: of this release and earlier ones. */
const ownDraft =
  /^(?:version|lock|server\.json|armature\.json|file-hashes|found-models)\.(?:\d+\.tmp|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.part)?)$/;

/** Milliseconds after which nobody writes a draft any more. */
const draftAge = 3_600_000;

/** What systems put into every folder or disk. */
const anywhere = new Set(['lost+found', 'System Volume Information', '$RECYCLE.BIN', 'Thumbs.db', 'desktop.ini']);

/**
 * Refuses a folder of other things: what is in it would be mixed with records and results, and some of that is deleted in
 * time. One that is not there, or empty, or marked by DATA/version, or holds nothing but what belongs into a data folder is good.
 *
 * @throws ArmatureError `invalid_config`
 */
export function requireOwnFolder(folder: string): void {
  if (isMarked(folder)) return;
  requireFolder(folder);
  const stray = namesIn(folder).find((name) => !belongs(folder, name));
  if (stray === undefined) return;
  const detail =
    `Expected a data folder of Armature, or an empty one, but ${folder} holds other things, such as ${stray}. ` +
    'Choose another with --data (ARMATURE_DATA).';
  throw new ArmatureError('invalid_config', detail, { field: 'data' });
}

/** What is there under that name is a folder, if anything is, and may be looked at. */
function requireFolder(folder: string): void {
  let found;
  try {
    found = statSync(folder, { throwIfNoEntry: false });
  } catch (error) {
    throw folderError(folder, error);
  }
  if (found === undefined || found.isDirectory()) return;
  const detail = `Expected a data folder of Armature, or an empty one, but ${folder} is no folder. Choose another with --data (ARMATURE_DATA).`;
  throw new ArmatureError('invalid_config', detail, { field: 'data' });
}

/** Whether a folder is a data folder: marked as one, or made by hand to put models into. */
export function isDataFolder(folder: string): boolean {
  if (isMarked(folder)) return true;
  const names = namesIn(folder);
  return names.includes('models') && names.every((name) => belongs(folder, name));
}

function isMarked(folder: string): boolean {
  const file = join(folder, 'version');
  try {
    return lstatSync(file).isFile() && /^\d+\s*$/.test(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

/** Names in a folder but for hidden ones; none where it cannot be read, which whoever writes there is told. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.') && !anywhere.has(name));
  } catch {
    return [];
  }
}

function belongs(folder: string, name: string): boolean {
  const inside = namesIn(join(folder, name));
  // What others keep under such a name would not survive: a database is opened, and old drafts are deleted.
  if (name === 'database') return inside.length === 0 || inside.includes('PG_VERSION');
  if (name === 'drafts') return inside.every((draft) => /^[0-9a-f-]{36}$/.test(draft));
  if (name === 'objects') return inside.every((top) => top === 'tenants');
  return ownNames.has(name) || ownDraft.test(name) || /^(version|lock|server\.json)\.[\w-]+$/.test(name);
}

/** Removes drafts that were left. What cannot be looked at or removed stays: it is in nobody's way. */
async function removeDrafts(folder: string): Promise<void> {
  for (const name of namesIn(folder).filter((one) => ownDraft.test(one))) {
    const path = join(folder, name);
    const found = await lstat(path).catch(() => null);
    if (found?.isFile() === true && Date.now() - found.mtimeMs > draftAge) await rm(path).catch(() => {});
  }
}

function placesIn(folder: string): DataFolder {
  return { database: join(folder, 'database'), models: join(folder, 'models') };
}

async function readVersion(folder: string): Promise<number> {
  const path = join(folder, 'version');
  let text: string;
  try {
    // A pipe is never opened: nobody may ever write to it.
    if (!(await stat(path)).isFile())
      throw new ArmatureError('invalid_config', `Expected ${path} to be a file: move it away.`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return 0;
    }
    throw error;
  }
  if (!/^\d+\s*$/.test(text)) {
    throw new ArmatureError(
      'invalid_config',
      `Expected a number in ${path} but found ${JSON.stringify(text.slice(0, 40))}: is ${folder} a data folder?`,
    );
  }
  return Number(text);
}

async function writeVersion(folder: string, version: number): Promise<void> {
  const draft = join(folder, `version.${randomUUID()}`);
  await writeFile(draft, `${version}\n`);
  await rename(draft, join(folder, 'version'));
}

function folderError(folder: string, error: unknown): ArmatureError {
  const reason = systemReason(error) ?? String(error);
  return new ArmatureError(
    'invalid_config',
    `The data folder ${folder} cannot be used: ${reason}. It must be a folder that this user can write; choose another with --data.`,
    { cause: error },
  );
}
