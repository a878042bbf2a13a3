import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';

/** What a database has from its making on; the last thing that is written of a new one. */
const versionFile = 'PG_VERSION';

/** Files of tables are named by numbers; PostgreSQL's own have lower ones. */
const firstOwnTable = 16_384;

/** Free bytes below which a database that does not open may lack nothing but room. */
const leastRoom = 2 ** 20;

/** SQLSTATEs of a database whose files do not hold what they must: corrupted data or index, a missing file. */
const damageStates: readonly unknown[] = ['XX001', 'XX002', '58P01'];

const advice =
  'Restore the data folder from its backup: docs/operations.md, "Backup". Its files have been left as they are.';

/** What is at the place of an embedded database before it is opened. */
export type FoundDatabase = 'none' | 'database';

/**
 * Looks at the folder of an embedded database before it is opened. One that was never finished, because its first start was
 * killed, counts as none: it is made anew.
 *
 * @throws ArmatureError `data_damaged` where tables are there and what tells that there is a database is not: it would be made
 *   anew, over them; `invalid_config` where it is no folder, or may not be written
 */
export async function findDatabase(folder: string): Promise<FoundDatabase> {
  const entry = await stat(folder).catch(() => null);
  if (entry === null) return 'none';
  if (!entry.isDirectory() || !(await isWritable(folder))) {
    const detail = `Expected ${folder} to be a folder that this user can write, with the embedded database in it. Choose another data folder with --data.`;
    throw new ArmatureError('invalid_config', detail);
  }
  if ((await stat(join(folder, versionFile)).catch(() => null)) !== null) return 'database';
  if (await holdsTables(folder)) throw damaged(folder, `${versionFile} is missing`);
  return 'none';
}

/** What to throw for an embedded database that did not open. */
export async function openingError(folder: string, found: FoundDatabase, cause: unknown): Promise<unknown> {
  if (cause instanceof ArmatureError) return cause;
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Infinity, bsize: 1 }));
  if (bavail * bsize < leastRoom) {
    const detail = `The disk of the embedded database in ${folder} is full. Make room, then try again.`;
    return new ArmatureError('storage_full', detail, { cause });
  }
  if (found === 'database') return damaged(folder, 'it does not start', cause);
  const detail = `An embedded database could not be made in ${folder}. Make sure that its disk has 100 MB of room and can be written, or choose another data folder with --data.`;
  return new ArmatureError('unavailable', detail, { cause });
}

/** What is thrown in place of an error that says that the files of an open database are damaged; others as they are. */
export function statementError(error: unknown): unknown {
  if (!damageStates.includes((error as { readonly code?: unknown }).code)) return error;
  return new ArmatureError('data_damaged', `The embedded database is damaged. Stop the server. ${advice}`, {
    cause: error,
  });
}

function damaged(folder: string, how: string, cause?: unknown): ArmatureError {
  return new ArmatureError('data_damaged', `The embedded database in ${folder} is damaged: ${how}. ${advice}`, {
    cause,
  });
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function holdsTables(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'base'), { recursive: true }).catch(() => []);
  return names.some((name) => Number(/(?:^|[\\/])(\d+)$/.exec(name)?.[1] ?? 0) >= firstOwnTable);
}
