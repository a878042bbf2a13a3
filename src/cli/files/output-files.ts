import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { ArmatureError, hasCode, systemReason } from '../../errors.ts';
import { writeSynced } from '../../files/atomic-write.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { OutputFormat } from '../../generation/request/choices.ts';

const formats: Readonly<Record<string, OutputFormat>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
};

/** The format that a file's extension asks for. */
export function formatOf(file: string): OutputFormat {
  const format = formats[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  const choices = Object.keys(formats);
  const detail = `Expected an output file that ends with ${choices.join(', ')} but received "${file}".`;
  throw new ArmatureError('invalid_request', detail, { field: 'output', choices });
}

/** `out.png` for one picture; `out-1.png`, `out-2.png` ... for several. */
export function outputNames(file: string, count: number): readonly string[] {
  if (count === 1) return [file];
  return Array.from({ length: count }, (_, index) => beside(file, `-${index + 1}`));
}

/** A file of the same folder and extension: `out.png` and `-map` give `out-map.png`. */
export function beside(file: string, suffix: string): string {
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}${suffix}${extension}`;
}

/**
 * Refuses outputs that would take the place of an input or of one another, by whatever name, link or hard link, and those
 * whose place is held by something that is no file. Ask before the work begins.
 *
 * @throws ArmatureError `invalid_request`
 */
export async function requireOwnOutputs(outputs: readonly string[], inputs: readonly string[]): Promise<void> {
  const given = new Map<string, string>();
  for (const input of inputs) for (const place of await placesOf(input)) given.set(place, input);
  const planned = new Set<string>();
  for (const output of outputs) {
    await requireFile(output);
    const places = await placesOf(output);
    const input = places.map((place) => given.get(place)).find((found) => found !== undefined);
    if (input !== undefined) {
      const detail = `Expected another output than ${output}: it is the input ${input}, which would be overwritten.`;
      throw new ArmatureError('invalid_request', detail, { field: 'output' });
    }
    if (places.some((place) => planned.has(place))) {
      const detail = `Expected an output file of its own for each result, but ${output} stands for two.`;
      throw new ArmatureError('invalid_request', detail, { field: 'output' });
    }
    for (const place of places) planned.add(place);
  }
}

/** What tells a file from others: where its folder really is and its name in it, and the file itself, if it is there. */
async function placesOf(file: string): Promise<readonly string[]> {
  const folder = await stat(dirname(file), { bigint: true }).catch(() => null);
  const found = await stat(file, { bigint: true }).catch(() => null);
  return [
    folder === null ? `path ${resolve(file)}` : `name ${folder.dev}:${folder.ino} ${basename(file)}`,
    ...(found === null ? [] : [`file ${found.dev}:${found.ino}`]),
  ];
}

/** A new file takes the place of an old one or of a link; it takes no other's. Its folder takes files, or can be made. */
async function requireFile(output: string): Promise<void> {
  await requireFolder(output);
  const found = await lstat(output).catch(() => null);
  if (found === null || found.isFile() || found.isSymbolicLink()) return;
  const kind = found.isDirectory() ? 'a folder' : 'no ordinary file';
  throw new ArmatureError('invalid_request', `Expected a file for the output, but ${output} is ${kind}.`, {
    field: 'output',
  });
}

/** The nearest thing above that is there has to be a folder that takes files. */
async function requireFolder(output: string): Promise<void> {
  for (let above = dirname(resolve(output)); ; above = dirname(above)) {
    try {
      // As a folder: a file, or a device, is refused in the words of the system.
      return await access(`${above}${sep}.`, constants.W_OK);
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || above === dirname(above)) throw notWritten(output, error);
    }
  }
}

/** Writes a file whole or not at all, in place of one that is there. Folders are made. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await throughDraft(file, 'armature', bytes, async (draft) => await rename(draft, file));
}

/** What the drafts of {@link writeNew} are called: whoever has the folder to itself may clear up what is left of them. */
export const newFileDraft = /^\.armature-batch-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;

/** Writes a file whole where nothing has its name: no file, no folder and no link, wherever that leads. False where something has. */
export async function writeNew(file: string, bytes: Uint8Array): Promise<boolean> {
  return await throughDraft(file, 'armature-batch', bytes, async (draft) => await takeName(draft, file));
}

async function throughDraft<T>(
  file: string,
  name: string,
  bytes: Uint8Array,
  place: (draft: string) => Promise<T>,
): Promise<T> {
  const folder = dirname(file);
  const draft = join(folder, `.${name}-${randomUUID()}.part`);
  try {
    await makeFolder(folder);
    // Once the name is there the bytes are, also after the machine has lost its power.
    await writeSynced(draft, bytes);
    return await place(draft);
  } catch (cause) {
    throw notWritten(file, cause);
  } finally {
    // What stood against the writing may stand against this too, and has been said.
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** Answers of file systems that know no hard links, such as FAT. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Gives a draft its name in one step; unlike a rename a link never takes the place of what is there. */
async function takeName(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (!hasCode(error, ...withoutLinks)) throw error;
  }
  try {
    // An empty file of our own holds the place meanwhile.
    await (await open(file, 'wx')).close();
  } catch (error) {
    if (hasCode(error, 'EEXIST', 'EISDIR')) return false;
    throw error;
  }
  await rename(draft, file);
  return true;
}

/** The error for a file or folder that could not be written. */
export function notWritten(path: string, cause: unknown): ArmatureError {
  const full = hasCode(cause, 'ENOSPC', 'EDQUOT');
  const reason = systemReason(cause) ?? String(cause);
  return new ArmatureError(full ? 'storage_full' : 'conflict', `${path} cannot be written: ${reason}.`, { cause });
}
