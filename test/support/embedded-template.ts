import { rm } from 'node:fs/promises';
import { afterAll } from 'vitest';
import { dataFolderWithDatabase, dataFolderWithTables } from './database-template.ts';

const folders: string[] = [];
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new data folder whose database is initialized but empty. It is removed after the test file. */
export async function newDataFolder(): Promise<string> {
  return removedLater(await dataFolderWithDatabase());
}

/** The same with the tables of this release. */
export async function newDataFolderWithTables(): Promise<string> {
  return removedLater(await dataFolderWithTables());
}

function removedLater(folder: string): string {
  folders.push(folder);
  return folder;
}
