import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import type { AnswerHead, FetchedStream } from '../../fetch/fetcher.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { Hub, HubFile } from './hub.ts';
import { readProgress, writeProgress } from './progress-file.ts';

export interface Download {
  readonly repo: string;
  readonly revision: string;
  readonly file: HubFile;
  /** Where it ends up, once it is whole and right. */
  readonly path: string;
  /** Bytes of this file that are there; goes back where a download has to start anew. */
  readonly onBytes: (received: number) => void;
}

/** Bytes of a file that an earlier pull has left: the whole file's, or those of its part. */
export async function bytesThere(path: string): Promise<number> {
  return (await sizeOf(path)) ?? (await sizeOf(partOf(path))) ?? 0;
}

/**
 * Brings one file: into `<path>.part`, going on from what is there, and to `path` when its hash is the hub's. A connection
 * that is cut is opened again from where it ended. `fetch_failed` where the bytes are not those that the hub announced (then
 * they are deleted), or where it gives up; what has come stays for the next pull.
 */
export async function download(hub: Hub, { repo, revision, file, path, onBytes }: Download): Promise<void> {
  if ((await sizeOf(path)) === file.bytes) {
    onBytes(file.bytes);
    return;
  }
  await makeFolder(dirname(path));
  const part = partOf(path);
  let brought = false;
  await hub.patiently(
    async () => {
      brought = false;
      await bring(hub, { repo, revision, file, path, onBytes }, part, () => (brought = true));
    },
    () => brought,
  );
  await verify(part, file, repo);
  await rename(part, path);
  await rm(progressOf(part), { force: true });
}

/** One connection's worth. Resolves when the part is as large as the file. */
async function bring(
  hub: Hub,
  { repo, revision, file, onBytes }: Download,
  part: string,
  onProgress: () => void,
): Promise<void> {
  const from = await startOf(part, file);
  onBytes(from);
  if (from === file.bytes) {
    await (await open(part, 'a')).close();
    return;
  }
  const { etag } = await readProgress(progressOf(part));
  const range = { from, ifRange: file.sha256 === null ? etag : null, maxBytes: file.bytes };
  const answer = await hub.open(repo, revision, file.path, range);
  try {
    requireSame(answer, file, repo);
    const start = continuesAt(answer, from, file) ? from : 0;
    await writeProgress(progressOf(part), { sha256: file.sha256, bytes: file.bytes, etag: strongEtag(answer) });
    await append(answer, part, start, file, (received) => {
      onProgress();
      onBytes(received);
    });
  } finally {
    answer.close();
  }
}

/** How much of the part can be kept: all, unless it belongs to another state of the file. */
async function startOf(part: string, file: HubFile): Promise<number> {
  const there = await sizeOf(part);
  if (there === null) return 0;
  // One with a second name, in a backup made of hard links, is that of the backup: nothing is written into it.
  if ((await stat(part)).nlink > 1) {
    await rm(part, { force: true });
    return 0;
  }
  const { sha256, bytes, etag } = await readProgress(progressOf(part));
  const same = bytes === file.bytes && sha256 === file.sha256 && (sha256 !== null || etag !== null);
  if (same && there <= file.bytes) return there;
  await rm(part, { force: true });
  return 0;
}

/** The file may have been replaced between the question for its size and this answer. */
function requireSame({ redirects, ...answer }: FetchedStream, file: HubFile, repo: string): void {
  const etags = [...redirects, answer]
    .map(({ headers }) => headers['x-linked-etag'])
    .filter((one) => one !== undefined);
  const linked = etags.map((etag) => String(etag).replaceAll('"', ''));
  if (file.sha256 === null || linked.every((etag) => etag === file.sha256)) return;
  throw new ArmatureError('conflict', `${file.path} of ${repo} was replaced while it was pulled. Pull it again.`);
}

/** Whether the answer goes on at `from`; if not it is the whole file. Throws where it is neither. */
function continuesAt({ status, headers }: AnswerHead, from: number, file: HubFile): boolean {
  if (status === 200) return false;
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (status === 206 && Number(start) === from && (total === '*' || Number(total) === file.bytes)) return true;
  throw new ArmatureError('fetch_failed', `The hub answers with another part of ${file.path} than was asked for.`);
}

async function append(
  { body }: FetchedStream,
  part: string,
  start: number,
  file: HubFile,
  onBytes: (received: number) => void,
): Promise<void> {
  const handle = await open(part, start === 0 ? 'w' : 'a');
  let received = start;
  try {
    for await (const chunk of body) {
      await handle.write(chunk);
      received += chunk.byteLength;
      onBytes(received);
    }
  } finally {
    await handle.sync();
    await handle.close();
  }
  if (received === file.bytes) return;
  // More than was announced can't be the same file, and an answer that ends early without an error is cut off all the same.
  if (received > file.bytes) await truncate(part, 0);
  throw new ArmatureError('fetch_failed', `${file.path} has ${received} bytes instead of ${file.bytes}.`);
}

/** Compares what lies on the disk with the hub's hash: sha256 of large files, git's blob id of others. */
async function verify(part: string, file: HubFile, repo: string): Promise<void> {
  const [expected, hash] = expectedHash(file);
  if (hash === null) return;
  for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  if (found === expected) return;
  await rm(part, { force: true });
  throw new ArmatureError(
    'fetch_failed',
    `${file.path} of ${repo} is not what the hub announced: expected the hash ${expected} but received ${found}. It was deleted.`,
  );
}

function expectedHash({ sha256, blob, bytes }: HubFile): readonly [string, Hash] | readonly [null, null] {
  if (sha256 !== null) return [sha256, createHash('sha256')];
  // Git hashes a header and then the contents.
  return blob === null ? [null, null] : [blob, createHash('sha1').update(`blob ${bytes}\0`)];
}

function strongEtag({ headers: { etag } }: AnswerHead): string | null {
  return etag === undefined || etag.startsWith('W/') ? null : etag;
}

function partOf(path: string): string {
  return `${path}.part`;
}

function progressOf(part: string): string {
  return `${part}.json`;
}

async function sizeOf(path: string): Promise<number | null> {
  return await stat(path).then(
    ({ size }) => size,
    () => null,
  );
}
