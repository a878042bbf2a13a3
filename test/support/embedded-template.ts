import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { openEmbedded } from '../../src/records/database/embedded.ts';

const folders: string[] = [];
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/**
 * A new data folder whose database is initialized but empty. PGlite takes seconds to initialize one, so it is done once on a
 * machine and copied from there; a product without the copy does the same by itself. It is removed after the test file.
 */
export async function newDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'armature-data-'));
  folders.push(folder);
  await cp(await template(), join(folder, 'database'), { recursive: true });
  return folder;
}

async function template(): Promise<string> {
  const path = join(tmpdir(), `armature-empty-pglite-${pgliteVersion()}`);
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true });
    const draft = await mkdtemp(`${path}-`);
    const database = await openEmbedded(draft);
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
