import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

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

async function template(): Promise<string> {
  const path = join(tmpdir(), `armature-empty-pglite-${pgliteVersion()}`);
  if (!existsSync(path)) {
    const draft = await mkdtemp(`${path}-`);
    const database = await PGlite.create(draft);
    await database.close();
    try {
      await rename(draft, path);
    } catch {
      // Another test process was first.
      await rm(draft, { recursive: true, force: true });
    }
  }
  return path;
}

function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
