import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError } from '../errors.ts';

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
      await mkdir(placesIn(folder).models, { recursive: true });
    },
  },
];

/**
 * Makes a data folder, or brings the layout of one up to this release. DATA/version holds the number of the layout; a
 * newer one than this release knows is refused (`invalid_config`). Any number of processes may have it open; the
 * database in it has a lock of its own.
 */
export async function prepareDataFolder(folder: string): Promise<DataFolder> {
  try {
    await mkdir(folder, { recursive: true });
    const version = await readVersion(folder);
    const newest = layout.at(-1)?.version ?? 0;
    if (version > newest) {
      throw new ArmatureError(
        'invalid_config',
        `The data folder ${folder} has layout version ${version}, but this release knows versions up to ${newest}. ` +
          'Run the release that made it, or a newer one, or choose another folder with --data.',
      );
    }
    for (const step of layout.filter((pending) => pending.version > version)) {
      await step.up(folder);
      await writeVersion(folder, step.version);
    }
  } catch (error) {
    throw error instanceof ArmatureError ? error : folderError(folder, error);
  }
  return placesIn(folder);
}

function placesIn(folder: string): DataFolder {
  return { database: join(folder, 'database'), models: join(folder, 'models') };
}

async function readVersion(folder: string): Promise<number> {
  const path = join(folder, 'version');
  let text: string;
  try {
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
  const draft = join(folder, `version.${process.pid}`);
  await writeFile(draft, `${version}\n`);
  await rename(draft, join(folder, 'version'));
}

function folderError(folder: string, error: unknown): ArmatureError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new ArmatureError(
    'invalid_config',
    `The data folder ${folder} cannot be used (${code}). It must be a folder that this user can write; choose another with --data.`,
    { cause: error },
  );
}
