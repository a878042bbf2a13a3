import { rm } from 'node:fs/promises';
import { afterAll } from 'vitest';
import { dataFolderWithDatabase } from './database-template.ts';

const folders: string[] = [];
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new data folder whose database is initialized but empty. It is removed after the test file. */
export async function newDataFolder(): Promise<string> {
  const folder = await dataFolderWithDatabase();
  folders.push(folder);
  return folder;
}
