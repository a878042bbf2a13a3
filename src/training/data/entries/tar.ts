import type { FileHandle } from 'node:fs/promises';
import { Header, Pax } from 'tar';
import { show } from '../../../text/show.ts';
import type { SetEntries } from '../contract/entry.ts';
import { invalidSet, tooLarge } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import { EntryCollection } from './collect.ts';
import { fillFrom } from './fill-from.ts';
import { isClutter } from './names.ts';

/** Bytes of a header, and what contents are filled up to. */
const block = 512;
/** Bytes of a header's own contents: a long name, a list of attributes. */
const longestAttributes = 2 ** 20;

const files: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const folders: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir']);
const longNames: ReadonlySet<string> = new Set(['NextFileHasLongPath', 'OldGnuLongPath']);
const links: ReadonlySet<string> = new Set(['Link', 'SymbolicLink']);

/**
 * The files of an uncompressed tar, each read where it lies when it is wanted: its headers are gone through once, and nothing is unpacked.
 *
 * @throws ArmatureError `invalid_set` for links, pipes and devices, for a tar that is damaged or cut short, and where a limit is passed.
 */
export async function tarEntries(file: FileHandle, limits: SetLimits): Promise<SetEntries> {
  const { size: end } = await file.stat();
  const found = new EntryCollection(limits);
  const header = Buffer.alloc(block);
  let own: Pax | undefined;
  let all: Pax | undefined;
  for (let at = 0; ;) {
    // What is cut between two files has all that is left of it whole, and lacks the empty block at its end.
    if (at + block > end) throw damaged('its end is not there');
    await readAt(file, header, at);
    const entry = decoded(header, own, all);
    if (entry.nullBlock) break;
    const size = entry.size ?? 0;
    const start = at + block;
    // A name among attributes is a whole one: folders that the header has too do not come before it.
    const name = own?.path ?? entry.path ?? '';
    if (!entry.cksumValid) throw damaged(`the header at byte ${at} is none`);
    if (!Number.isSafeInteger(size) || start + size > end) throw damaged(`it ends within ${show(name)}`);
    at = start + Math.ceil(size / block) * block;
    const { type } = entry;
    if (files.has(type)) found.add(name, size, async (most) => await readContents(file, { name, start, size }, most));
    else found.pass();
    if (type === 'ExtendedHeader') own = Pax.parse(await attributes(file, start, size), own);
    else if (type === 'GlobalExtendedHeader') all = Pax.parse(await attributes(file, start, size), all, true);
    else if (longNames.has(type)) own = longNamed(own, await attributes(file, start, size));
    else if (type !== 'NextFileHasLongLinkpath') {
      own = undefined;
      if (!files.has(type) && !folders.has(type) && !isClutter(name)) refuse(name, type);
    }
  }
  return found.whole(async () => undefined);
}

function decoded(header: Buffer, own: Pax | undefined, all: Pax | undefined): Header {
  try {
    return new Header(header, 0, own, all);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : 'a header cannot be read', error);
  }
}

function refuse(name: string, type: string): never {
  const what = links.has(type)
    ? 'a link: pack the file itself'
    : 'no file (a pipe, a device, a sparse file): leave it out';
  throw invalidSet(`Expected files but ${show(name)} is ${what}.`);
}

function damaged(reason: string, cause?: unknown): Error {
  return invalidSet(`The tar is damaged or cut short: ${reason}. Pack it anew.`, { cause });
}

async function attributes(file: FileHandle, start: number, size: number): Promise<string> {
  if (size > longestAttributes) throw damaged('a name or a list of attributes has more than 1 MiB');
  const bytes = Buffer.alloc(size);
  await readAt(file, bytes, start);
  return bytes.toString('utf8');
}

/** What is known of the next file, with a name that ends with a byte of 0. */
function longNamed(own: Pax | undefined, name: string): Pax {
  const known = own ?? Pax.parse('');
  known.path = name.replace(/\0.*/s, '');
  return known;
}

async function readContents(
  file: FileHandle,
  { name, start, size }: { readonly name: string; readonly start: number; readonly size: number },
  mostBytes: number,
): Promise<Buffer> {
  if (size > mostBytes) throw tooLarge(name, mostBytes);
  const bytes = Buffer.alloc(size);
  await readAt(file, bytes, start);
  return bytes;
}

/** Fills `bytes` with what lies from `start` on. */
async function readAt(file: FileHandle, bytes: Buffer, start: number): Promise<void> {
  if (!(await fillFrom(file, bytes, start))) throw damaged('it became shorter while it was read');
}
