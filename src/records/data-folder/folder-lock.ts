import { randomUUID } from 'node:crypto';
import { link, lstat, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { processStart } from './process-identity.ts';

interface LockOwner {
  readonly pid: number;
  readonly started: string;
  readonly host: string;
}

export interface FolderLock {
  release(): Promise<void>;
}

/** What is locked, for the lock file's name and for whoever finds it locked. */
export interface LockedFolder {
  readonly file: string;
  readonly title: string;
  /** What to do instead of stopping the owner. */
  readonly otherwise: string;
  /** Whether the folder is somebody else's, who may have a file of that name. */
  readonly shared: boolean;
}

const dataFolder: LockedFolder = {
  file: 'lock',
  title: 'data folder',
  otherwise: 'choose another folder with --data',
  shared: false,
};

/** How often the owner shows that it lives, and after how long another host (or container) takes it for dead. */
const heartbeat = 5_000;
const heartbeatLost = 30_000;

/**
 * Takes the lock file of a folder, by default a data folder: two processes on one embedded database destroy it. The file names pid, start time
 * and host of the owner; one whose owner has ended is taken over. An owner on another host, whose processes can't be seen,
 * counts as alive for 30 s after its last sign of life. In a shared folder a file that no release of this program wrote is left
 * alone.
 *
 * @throws ArmatureError `data_in_use`, also where the lock's name belongs to something else
 */
export async function lockFolder(folder: string, locked: LockedFolder = dataFolder): Promise<FolderLock> {
  const path = join(folder, locked.file);
  const owner: LockOwner = { pid: process.pid, started: processStart(process.pid) ?? 'unknown', host: hostname() };
  const content = JSON.stringify(owner);
  while (!(await create(path, content))) {
    await removeStale(path, folder, locked);
  }
  const beat = setInterval(() => {
    const time = new Date();
    // Where the file can't be touched the lock is only taken for lost by another host: nothing to do here.
    utimes(path, time, time).catch(() => {});
  }, heartbeat);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      if ((await readIfPresent(path)) === content) {
        await rm(path, { force: true });
      }
    },
  };
}

/** A link makes the file appear with its content or not at all; false where there is one already. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Moves a stale lock away, or throws where its owner lives. */
async function removeStale(path: string, folder: string, locked: LockedFolder): Promise<void> {
  const { title, otherwise, shared } = locked;
  await requireFile(path, locked);
  const content = await readIfPresent(path);
  if (content === null) {
    return;
  }
  const owner = parseOwner(content);
  // A machine that lost its power leaves an empty file.
  if (owner === null && shared && content !== '') throw notOurs(path, locked);
  if (owner !== null && (await isAlive(owner, path))) {
    const where = owner.host === hostname() ? '' : ` on ${owner.host}`;
    throw new ArmatureError(
      'data_in_use',
      `The ${title} ${folder} is in use by process ${owner.pid}${where}: stop that process, or ${otherwise}.`,
    );
  }
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return;
    }
    throw error;
  }
  // Another process may have taken the stale lock over between the reading and the moving: give it back its own.
  if ((await readFile(aside, 'utf8')) !== content) {
    await link(aside, path).catch(() => {});
  }
  await rm(aside, { force: true });
}

/** A FIFO would never be read to its end, and a link leads to what belongs elsewhere. */
async function requireFile(path: string, locked: LockedFolder): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found !== null && !found.isFile()) throw notOurs(path, locked);
}

function notOurs(path: string, { title, otherwise }: LockedFolder): ArmatureError {
  return new ArmatureError(
    'data_in_use',
    `The lock of the ${title} has to be at ${path}, but something else is there: move that away, or ${otherwise}.`,
  );
}

async function isAlive(owner: LockOwner, path: string): Promise<boolean> {
  if (owner.host !== hostname()) {
    return Date.now() - (await stat(path)).mtimeMs < heartbeatLost;
  }
  const started = processStart(owner.pid);
  return started !== null && (started === owner.started || started === 'unknown' || owner.started === 'unknown');
}

/** Null for a file that no release of this program wrote: it locks nothing. */
function parseOwner(content: string): LockOwner | null {
  try {
    const owner = JSON.parse(content) as Partial<LockOwner> | null;
    return typeof owner?.pid === 'number' && typeof owner.started === 'string' && typeof owner.host === 'string'
      ? { pid: owner.pid, started: owner.started, host: owner.host }
      : null;
  } catch {
    return null;
  }
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
