import { type FileHandle, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openRegularFile, reasonOf } from '../../../files/regular-file.ts';
import { archiveHead, sniffArchive } from '../../../images/set-archive.ts';
import { show } from '../../../text/show.ts';
import type { SetEntries, SetEntry, SetSource } from '../contract/entry.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import { EntryCollection } from './collect.ts';
import { folderEntries } from './folder.ts';
import { tarEntries } from './tar.ts';
import { zipEntries } from './zip.ts';

/**
 * The files of a set, by what it is and not by its name. A folder of archives, as WebDataset and Hugging Face cut large sets into, is
 * all that is in them, each like a folder of its name.
 *
 * @throws ArmatureError `invalid_set`
 */
export async function openEntries({ path }: SetSource, limits: SetLimits): Promise<SetEntries> {
  const file = await openArchive(path);
  if (file !== null) return await fileEntries(file, path, limits);
  const entries = await folderEntries(path, limits);
  const shards = entries.files.filter(({ name }) => shardName.test(name));
  const areAll = entries.files.every(({ name }) => shardName.test(name) || besideShards.test(name));
  return shards.length > 0 && areAll ? await shardEntries(path, shards, limits) : entries;
}

const shardName = /\.(?:tar|zip)$/i;
/** What tools that cut sets into shards say of each. */
const besideShards = /\.(?:parquet|json|idx|index)$/i;

async function shardEntries(folder: string, shards: readonly SetEntry[], limits: SetLimits): Promise<SetEntries> {
  const found = new EntryCollection(limits);
  const opened: SetEntries[] = [];
  const close = async (): Promise<void> => {
    for (const shard of opened) await shard.close();
  };
  try {
    for (const { name } of shards) {
      const shard = await openEntries({ path: join(folder, name) }, limits);
      opened.push(shard);
      const around = name.replace(shardName, '');
      for (const entry of shard.files) {
        found.add(`${around}/${entry.name}`, entry.bytes, async (mostBytes) => await entry.read(mostBytes));
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  const whole = found.whole(close);
  return { ...whole, clutter: opened.reduce((sum, { clutter }) => sum + clutter, whole.clutter) };
}

async function fileEntries(file: FileHandle, path: string, limits: SetLimits): Promise<SetEntries> {
  try {
    const entries = await archiveEntries(file, path, limits);
    const close = async (): Promise<void> => {
      await entries.close();
      await file.close();
    };
    return { ...entries, close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Null for a folder. */
async function openArchive(path: string): Promise<FileHandle | null> {
  try {
    return (await stat(path)).isDirectory() ? null : await openRegularFile(path);
  } catch (error) {
    throw invalidSet(`The set ${show(path)} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

async function archiveEntries(file: FileHandle, path: string, limits: SetLimits): Promise<SetEntries> {
  const head = Buffer.alloc(archiveHead);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const start = head.subarray(0, bytesRead);
  const found = sniffArchive(start);
  if ('other' in found) {
    throw invalidSet(`Expected a folder, a zip or an uncompressed tar but ${show(path)} is ${found.other}.`);
  }
  return found.archive === 'zip' ? await zipEntries(file, limits) : await tarEntries(file, limits);
}
