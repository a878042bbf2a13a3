import { stat } from 'node:fs/promises';
import { reasonOf } from '../../../files/regular-file.ts';
import { show } from '../../../text/show.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import type { SetEntries, SetSource } from '../contract/entry.ts';
import { folderEntries } from './folder.ts';

/** The files of a set, by what it is and not by its name. @throws ArmatureError `invalid_set` */
export async function openEntries({ path }: SetSource, limits: SetLimits): Promise<SetEntries> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw invalidSet(`The set ${show(path)} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  if (isFolder) return await folderEntries(path, limits);
  throw invalidSet(`Expected a folder but ${show(path)} is none.`);
}
