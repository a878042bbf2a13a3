import { rm } from 'node:fs/promises';
import { dataFolderWithDatabase, dataFolderWithTables } from './database-template.ts';
import { afterThisFile } from './suite/cleanup.ts';

/** A new data folder whose database is initialized but empty. It is removed after the test file. */
export async function newDataFolder(): Promise<string> {
  return removedLater(await dataFolderWithDatabase());
}

/** The same with the tables of this release. */
export async function newDataFolderWithTables(): Promise<string> {
  return removedLater(await dataFolderWithTables());
}

function removedLater(folder: string): string {
  afterThisFile(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
