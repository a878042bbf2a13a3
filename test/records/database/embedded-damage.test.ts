import { cp, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords } from '../../../src/records/open.ts';
import { newDataFolder } from '../../support/embedded-template.ts';
import { newJob } from '../conformance.ts';

const folders: string[] = [];
let good: string;
/** The file that jobs are in, below the database's folder. */
let jobs: string;

beforeAll(async () => {
  good = await newDataFolder();
  const { records, queueEngine } = await openRecords({ dataFolder: good });
  await records.insertJob(newJob('kept'));
  const { rows } = await queueEngine().pool.query<{ path: string }>(
    "select pg_relation_filepath('armature.job') as path",
  );
  jobs = rows[0]!.path;
  await records.close();
});
afterAll(async () => await Promise.all(folders.map(async (folder) => await rm(folder, { recursive: true }))));

/** A copy of the folder whose database has been damaged. */
async function damagedBy(damage: (database: string) => Promise<unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'armature-damaged-'));
  folders.push(folder);
  await cp(good, folder, { recursive: true });
  await damage(join(folder, 'database'));
  return folder;
}

const garbage = Buffer.alloc(16_384, 'not a page of PostgreSQL ');

async function overwrite(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(garbage, 0, garbage.length, 0);
  await file.close();
}

async function eachFile(folder: string, change: (path: string) => Promise<void>): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) await change(path);
  }
}

const inOneLine =
  /^The embedded database .*is damaged.* Restore the data folder from its backup: docs\/operations\.md, "Backup"\.[^\n]*$/;

const damages: Readonly<Record<string, (database: string) => Promise<unknown>>> = {
  'has lost its control file': async (database) => await rm(join(database, 'global', 'pg_control')),
  'has an empty control file': async (database) => await truncate(join(database, 'global', 'pg_control')),
  'has garbage in its control file': async (database) => await overwrite(join(database, 'global', 'pg_control')),
  'has lost PG_VERSION': async (database) => await rm(join(database, 'PG_VERSION')),
  'is of no version': async (database) => await writeFile(join(database, 'PG_VERSION'), 'x\n'),
  'has lost its tables': async (database) => await rm(join(database, 'base'), { recursive: true }),
  'has lost its log': async (database) => await rm(join(database, 'pg_wal'), { recursive: true }),
  'has a log that was cut off': async (database) =>
    await eachFile(join(database, 'pg_wal'), async (path) => await truncate(path, 100)),
  'has garbage in all tables': async (database) => await eachFile(join(database, 'base'), overwrite),
  'has only empty files': async (database) => await eachFile(database, async (path) => await truncate(path)),
};

describe('an embedded database', () => {
  it.each(Object.entries(damages))('that %s says in one line what to do, and stays as it is', async (_, damage) => {
    const folder = await damagedBy(damage);
    const version = async (): Promise<string> =>
      await readFile(join(folder, 'database', 'PG_VERSION'), 'utf8').catch(() => 'none');
    const before = await version();
    const opening = openRecords({ dataFolder: folder });
    await expect(opening).rejects.toMatchObject({ code: 'data_damaged' });
    await expect(opening).rejects.toThrow(inOneLine);
    await expect(opening).rejects.toThrow(folder);
    expect(await version()).toBe(before);
    expect(await readdir(folder)).not.toContain('lock');
  });

  it.each([
    ['is lost', async (path: string) => await rm(path)],
    ['was cut off', async (path: string) => await truncate(path, 100)],
    ['holds garbage', overwrite],
  ])('of which a table %s says so at the latest when that is read', async (_, damage) => {
    const folder = await damagedBy(async (database) => await damage(join(database, jobs)));
    const { records, queueEngine } = await openRecords({ dataFolder: folder });
    // By an index: whoever reads a table from its first block to its last sees no more of one that was cut off than is there.
    await queueEngine().pool.query('set enable_seqscan to off');
    const reading = queueEngine().pool.query('select plan from armature.job where id is not null order by id');
    await expect(reading).rejects.toMatchObject({ code: 'data_damaged' });
    await expect(reading).rejects.toThrow(inOneLine);
    await records.close();
  });

  it('whose first start was killed before it was whole is made anew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'armature-damaged-'));
    folders.push(folder);
    await cp(await newDataFolder(), folder, { recursive: true });
    await writeFile(join(folder, 'version'), '1\n');
    await rm(join(folder, 'database', 'PG_VERSION'));
    await rm(join(folder, 'database', 'pg_xact'), { recursive: true });
    const { records } = await openRecords({ dataFolder: folder });
    await records.ping();
    await records.close();
  });

  it('is not looked for in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'armature-damaged-'));
    folders.push(folder);
    await cp(await newDataFolder(), folder, { recursive: true });
    await writeFile(join(folder, 'version'), '1\n');
    await rm(join(folder, 'database'), { recursive: true });
    await writeFile(join(folder, 'database'), 'x');
    await expect(openRecords({ dataFolder: folder })).rejects.toMatchObject({ code: 'invalid_config' });
  });
});
