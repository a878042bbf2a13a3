import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { findingsFile } from '../../src/config/model-folders.ts';
import { packageRoot } from '../../src/config/package-files.ts';
import { buildStamp } from '../../src/models/build-stamp.ts';
import { armature } from '../cli/armature.ts';

/**
 * Gives a data folder a database that is initialized but empty. PGlite takes seconds of processor time to initialize one, so it
 * is done once on a machine and copied from there; a product without the copy does the same by itself.
 */
export async function placeEmptyDatabase(dataFolder: string): Promise<void> {
  await cp(await template(), join(dataFolder, 'database'), { recursive: true });
}

/** A new data folder with such a database; it is for the caller to remove. */
export async function dataFolderWithDatabase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'armature-data-'));
  await placeEmptyDatabase(folder);
  return folder;
}

/**
 * A new data folder as a server of this release leaves one that it has run on before: the database has its tables, and what was found of the
 * models of the package is known. It is for the caller to remove.
 */
export async function usedDataFolder(): Promise<string> {
  const folder = await dataFolderWithTables();
  await cp(await keptFindings(), findingsFile({ data: folder }));
  return folder;
}

/**
 * A new data folder whose database has the tables of this release already, as one has that was opened before: for tests of what is in
 * them. It is for the caller to remove.
 */
export async function dataFolderWithTables(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'armature-data-'));
  await cp(await templateWithTables(), join(folder, 'database'), { recursive: true });
  return folder;
}

/** What the built command finds of the package's models, which it takes a process to look into. It is made anew for each build. */
async function keptFindings(): Promise<string> {
  const stamp = await buildStamp(join(packageRoot, 'dist'));
  const folder = await madeOnce(`armature-findings-${stamp.slice(0, 16)}`, async (draft) => {
    const { code, stderr } = await armature(['models', 'list', '--data', draft]);
    if (code !== 0) throw new Error(`The models cannot be listed: ${stderr}`);
  });
  return findingsFile({ data: folder });
}

async function template(): Promise<string> {
  return await madeOnce(`armature-empty-pglite-${versionOf('@electric-sql/pglite')}`, async (draft) => {
    const database = await PGlite.create(draft);
    await database.close();
  });
}

async function templateWithTables(): Promise<string> {
  const empty = await template();
  return await madeOnce(`armature-tables-pglite-${tablesHash()}`, async (draft) => {
    const { openRecords } = await import('../../src/records/open.ts');
    const { openQueue } = await import('../../src/queue/open.ts');
    const data = await mkdtemp(`${draft}-`);
    await cp(empty, join(data, 'database'), { recursive: true });
    const { records, queueEngine } = await openRecords({ dataFolder: data });
    const queue = await openQueue(queueEngine());
    await queue.close();
    await records.close();
    await cp(join(data, 'database'), draft, { recursive: true });
    await rm(data, { recursive: true });
  });
}

/** Path of a folder among the temporary files that is made once on a machine, whole or not at all. */
async function madeOnce(name: string, make: (draft: string) => Promise<void>): Promise<string> {
  const path = join(tmpdir(), name);
  if (existsSync(path)) return path;
  const draft = await mkdtemp(`${path}-`);
  await make(draft);
  try {
    await rename(draft, path);
  } catch {
    // Another test process was first.
    await rm(draft, { recursive: true, force: true });
  }
  return path;
}

/** Of all that the tables are made by. */
function tablesHash(): string {
  const hash = createHash('sha256').update(`${versionOf('@electric-sql/pglite')} ${versionOf('bullmq')}`);
  const migrations = new URL('../../src/records/schema/', import.meta.url);
  const files = readdirSync(migrations, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]s$/.test(file));
  for (const file of files.toSorted()) hash.update(readFileSync(new URL(file, migrations)));
  return hash.digest('hex').slice(0, 16);
}

/** Of an installed package. */
function versionOf(name: string): string {
  const manifest = readFileSync(join(packageRoot, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
