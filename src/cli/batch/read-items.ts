import { readdir } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import { ArmatureError, systemReason } from '../../errors.ts';
import { openRegularFile, SpecialFile } from '../../files/regular-file.ts';
import { isObject } from '../../generation/request/field-names.ts';
import { readJsonNow, readText } from '../../json/read-json.ts';
import { canonicalHash } from '../../json/canonical-hash.ts';
import { FileFault } from '../terminal/exit-codes.ts';
import { locateFiles } from '../files/request-files.ts';
import type { LocalPictures } from './local-pictures.ts';

type Json = Readonly<Record<string, unknown>>;

/** An item before anything is known of its pictures. */
export interface WrittenItem {
  /** What its files are named by. */
  readonly stem: string;
  /** A body of POST /v1/generations, in which {"file": ...} stands for a picture of this machine. */
  readonly body: Json;
  /** The picture of a folder that it is made from: where that is no good, the others are drawn. Null for a line of a file. */
  readonly picture: string | null;
}

export interface BatchItem extends WrittenItem {
  /** The same for the same content: what is drawn already is found by it. */
  readonly key: string;
}

/** An item that was not drawn, and why. */
export interface FailedItem {
  readonly stem: string;
  readonly detail: string;
}

/** Items of a file of JSON Lines, named by their place in it. */
export async function itemsOfFile(file: string): Promise<readonly WrittenItem[]> {
  const text = await textOf(file);
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  const written = lines.filter(({ line }) => line.trim() !== '');
  if (written.length === 0) throw new FileFault('invalid_request', `Expected requests in ${file} but found none.`);
  return written.map(({ line, number }, index) => ({
    stem: String(index).padStart(5, '0'),
    body: locateFiles(readLine(line, file, number), dirname(file)),
    picture: null,
  }));
}

const pictureTypes = ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.avif', '.tif', '.tiff'];

/**
 * An item for each picture of a folder, named by the picture. `bodyOf` makes the request for one. Hidden files are left out: what
 * macOS writes beside a picture (`._photo.jpg`) has its name and is none.
 */
export async function itemsOfFolder(folder: string, bodyOf: (file: string) => Json): Promise<readonly WrittenItem[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    const reason = systemReason(cause) ?? String(cause);
    throw new FileFault('invalid_request', `The folder ${folder} of --images cannot be read: ${reason}.`, { cause });
  });
  const shown = names.filter((name) => !name.startsWith('.'));
  const pictures = shown.filter((name) => pictureTypes.includes(extname(name).toLowerCase())).toSorted();
  if (pictures.length === 0) {
    const detail = `Expected pictures (${pictureTypes.join(', ')}) in ${folder} but found none.`;
    throw new FileFault('invalid_request', detail);
  }
  return pictures.map((name) => {
    const picture = join(folder, name);
    return { stem: parse(name).name, body: bodyOf(picture), picture };
  });
}

/**
 * Gives each item its key. Items of the same content are told apart by their number among them. Those of a folder whose picture
 * cannot be read are told apart from the rest.
 */
export async function withKeys(
  written: readonly WrittenItem[],
  pictures: LocalPictures,
): Promise<{ readonly items: readonly BatchItem[]; readonly unreadable: readonly FailedItem[] }> {
  const seen = new Map<string, number>();
  const keyed: BatchItem[] = [];
  const unreadable: FailedItem[] = [];
  for (const item of written) {
    const problem = item.picture === null ? null : await pictures.problem(item.picture);
    if (problem !== null) {
      unreadable.push({ stem: item.stem, detail: problem });
      continue;
    }
    const hash = await canonicalHash(await pictures.withHashes(item.body));
    const number = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, number);
    keyed.push({ ...item, key: number === 1 ? hash : `${hash}-${number}` });
  }
  return { items: keyed, unreadable };
}

async function textOf(file: string): Promise<string> {
  const bytes = await bytesOf(file).catch((cause: unknown) => {
    const reason =
      cause instanceof SpecialFile
        ? `it is ${cause.kind}: write the requests to a file first`
        : (systemReason(cause) ?? String(cause));
    throw new FileFault('invalid_request', `Expected ${file} to be a file of JSON Lines but ${reason}.`, { cause });
  });
  return inFile(() => readText(bytes, { subject: `${file} to be JSON Lines` }));
}

async function bytesOf(file: string): Promise<Buffer> {
  const handle = await openRegularFile(file);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function readLine(text: string, file: string, line: number): Json {
  const place = `${file}, line ${line}`;
  const item = inFile(() => readJsonNow(text, { subject: `JSON in ${place},`, line }));
  if (isObject(item)) return item;
  throw new FileFault('invalid_request', `Expected a request, a JSON object, in ${place}.`);
}

/** What is wrong with the text of a file is a fault of the file. */
function inFile<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof ArmatureError ? new FileFault(cause.code, cause.message, { cause }) : cause;
  }
}
